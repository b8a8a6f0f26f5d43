using HyperVBackup.Format;
using HyperVBackup.Format.Collections;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Collections;

public sealed class CollectionFilesTests
{
    private static readonly SessionId[] Sessions = [Session(1), Session(2), Session(3)];
    private readonly MemoryStore store = new();
    private readonly CollectionFiles files;

    public CollectionFilesTests() => files = new CollectionFiles(store, Repository(1));

    [Fact]
    public async Task Without_a_collection_nothing_is_absent()
    {
        Assert.Equal(new CollectionState(0, null, null), await files.ReadStateAsync(default));
        AbsentSet absent = await files.ReadAbsentAsync(default);
        Assert.Equal((0, false), (absent.Number, absent.Contains(Sessions[0])));
    }

    [Fact]
    public async Task An_open_collection_makes_absent_all_it_condemns_and_a_decided_one_what_it_retires()
    {
        Assert.True(await files.TryPutCondemnedAsync(Set(1, Sessions), default));
        CollectionState open = await files.ReadStateAsync(default);
        Assert.Equal((1, true), (open.Number, open.IsOpen));
        AbsentSet absent = await files.ReadAbsentAsync(default);
        Assert.True(absent.Contains(Sessions[0]) && absent.Contains(Pack(Sessions[0])));
        Assert.True(await files.TryPutRetiredAsync(Set(1, Sessions[1]), default));
        CollectionState decided = await files.ReadStateAsync(default);
        Assert.Equal((1, false), (decided.Number, decided.IsOpen));
        absent = await files.ReadAbsentAsync(default);
        Assert.False(absent.Contains(Sessions[0]) || absent.Contains(Pack(Sessions[0])));
        Assert.True(absent.Contains(Sessions[1]) && absent.Contains(Pack(Sessions[1])));
    }

    [Fact]
    public async Task Only_the_highest_number_counts_and_numbers_are_compared_as_numbers()
    {
        foreach (long number in (long[])[9, 10, 2])
        {
            await files.TryPutCondemnedAsync(Set(number, Session((byte)number)), default);
        }

        store[new BlobName("condemned/011")] = [];
        store[new BlobName("condemned/x/12")] = [];
        Assert.Equal(10, await files.ReadHighestAsync(default));
        AbsentSet absent = await files.ReadAbsentAsync(default);
        Assert.True(absent.Contains(Session(10)) && !absent.Contains(Session(9)));
    }

    [Fact]
    public async Task A_collection_is_put_once()
    {
        Assert.True(await files.TryPutCondemnedAsync(Set(1, Sessions[0]), default));
        Assert.False(await files.TryPutCondemnedAsync(Set(1, Sessions[1]), default));
        Assert.Equal([Sessions[0]], (await files.TryReadCondemnedAsync(1, default))!.Points);
        Assert.Null(await files.TryReadRetiredAsync(1, default));
    }

    [Fact]
    public async Task The_second_copy_stands_in_for_a_damaged_one_and_never_for_a_missing_one()
    {
        BlobName name = new(FileNames.Retired(1));
        BlobName second = new(FileNames.MirrorFolder + FileNames.Retired(1));
        await files.TryPutCondemnedAsync(Set(1, Sessions), default);
        await files.TryPutRetiredAsync(Set(1, Sessions[1]), default);
        Assert.Empty(await files.FindFaultsAsync(1, isDecided: true, default));
        store[name][^1] ^= 1;
        AbsentSet absent = await files.ReadAbsentAsync(default);
        Assert.True(absent.Contains(Sessions[1]) && !absent.Contains(Sessions[0]));
        Assert.Equal([name.Path], (await files.FindFaultsAsync(1, true, default)).Select(fault => fault.Name));
        store[second][^1] ^= 1;
        await Assert.ThrowsAsync<RepositoryUnusableException>(() => files.ReadAbsentAsync(default));
        Assert.Equal(
            [name.Path, second.Path], (await files.FindFaultsAsync(1, true, default)).Select(fault => fault.Name));
        store[second][^1] ^= 1;
        await store.DeleteAsync(name, default);
        Assert.True((await files.ReadStateAsync(default)).IsOpen); // the store never loses a name: it was not put
    }

    [Fact]
    public async Task A_second_copy_that_cannot_be_put_fails_nothing()
    {
        store.Before = call =>
        {
            if (call.Name.StartsWith(FileNames.MirrorFolder, StringComparison.Ordinal))
            {
                throw new StoreException("The disk is full.");
            }
        };
        Assert.True(await files.TryPutCondemnedAsync(Set(1, Sessions[0]), default));
        Assert.True((await files.ReadAbsentAsync(default)).Contains(Sessions[0]));
    }

    [Theory]
    [InlineData("another repository")]
    [InlineData("another number")]
    [InlineData("another kind")]
    [InlineData("a flipped bit")]
    [InlineData("gone")]
    public async Task A_collection_that_cannot_be_read_lets_nobody_rely_on_anything(string fault)
    {
        BlobName name = new(FileNames.Condemned(2));
        await files.TryPutCondemnedAsync(Set(1, Sessions[0]), default);
        await files.TryPutCondemnedAsync(Set(2, Sessions[0]), default);
        await store.DeleteAsync(new BlobName(FileNames.MirrorFolder + FileNames.Condemned(2)), default);
        switch (fault)
        {
            case "another repository":
                await store.DeleteAsync(name, default);
                await new CollectionFiles(store, Repository(2)).TryPutCondemnedAsync(Set(2, Sessions[0]), default);
                break;
            case "another number":
                store[name] = store[new BlobName(FileNames.Condemned(1))];
                break;
            case "another kind":
                await files.TryPutRetiredAsync(Set(2, Sessions[0]), default);
                store[name] = store[new BlobName(FileNames.Retired(2))];
                await store.DeleteAsync(new BlobName(FileNames.Retired(2)), default);
                break;
            case "a flipped bit":
                store[name][^1] ^= 1;
                break;
            default:
                store.Before = call =>
                {
                    if (call == new StoreCall(StoreCallKind.Read, name.Path))
                    {
                        store.Before = null;
                        store.DeleteAsync(name, default).Wait();
                    }
                };
                break;
        }

        RepositoryUnusableException refusal =
            await Assert.ThrowsAsync<RepositoryUnusableException>(() => files.ReadAbsentAsync(default));
        Assert.Contains("nothing can be relied on", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_fails_is_not_taken_for_one_without_collections()
    {
        await files.TryPutCondemnedAsync(Set(1, Sessions[0]), default);
        store.Before = call => throw new StoreException("not now");
        await Assert.ThrowsAsync<StoreException>(() => files.ReadHighestAsync(default));
        await Assert.ThrowsAsync<StoreException>(() => files.ReadAbsentAsync(default));
    }

    [Fact]
    public async Task A_collection_is_executed_when_no_copy_of_what_it_retires_is_left()
    {
        PackName map = new(PackKind.Maps, Sessions[0], 4);
        CollectionSet retired = new(1, [Sessions[0], Sessions[1]], [Pack(Sessions[0]), map]);
        string[] spared = [Pack(Sessions[1]).BlobName, FileNames.RestorePoint(Sessions[2])];
        string[] named =
        [
            FileNames.RestorePoint(Sessions[0]), FileNames.RestorePointMirror(Sessions[1]),
            Pack(Sessions[0]).BlobName, map.MirrorBlobName,
        ];
        foreach (string name in (string[])[.. spared, .. named])
        {
            store[new BlobName(name)] = [];
        }

        CollectionSet remains = await files.FindRemainsAsync(retired, default);
        Assert.Equal([Sessions[0], Sessions[1]], remains.Points);
        Assert.Equal([Pack(Sessions[0]), map], remains.Packs);
        foreach (string name in named)
        {
            await store.DeleteAsync(new BlobName(name), default);
        }

        remains = await files.FindRemainsAsync(retired, default);
        Assert.Empty(remains.Points);
        Assert.Empty(remains.Packs);
    }

    private static CollectionSet Set(long number, params SessionId[] sessions) =>
        new(number, sessions, sessions.Select(Pack));

    private static PackName Pack(SessionId session) => new(PackKind.Chunks, session, 1);

    private static SessionId Session(byte value) => new([value, .. new byte[15]]);

    private static RepositoryId Repository(byte value) => new([value, .. new byte[15]]);
}
