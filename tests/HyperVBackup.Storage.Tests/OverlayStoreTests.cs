using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Storage.Tests;

public sealed class OverlayStoreTests : BlobStoreContract
{
    private readonly MemoryStore below = new();
    private readonly OverlayStore store;

    public OverlayStoreTests() => store = new OverlayStore(below);

    protected override IBlobStore Store => store;

    protected override DateTimeOffset ExpectedTime => DateTimeOffset.MinValue;

    protected override int TemporaryCount => store.TemporaryCount;

    [Fact]
    public async Task What_is_done_in_an_overlay_shows_there_and_leaves_the_store_below_as_it_is()
    {
        foreach (string name in (string[])["a/kept", "a/mended", "a/deleted"])
        {
            await below.TryPutAsync(new BlobName(name), new byte[] { 1, 2, 3 }, default);
        }

        below.Before = call => Assert.Contains(
            call.Kind, (StoreCallKind[])[StoreCallKind.Read, StoreCallKind.List, StoreCallKind.GetLength]);
        Assert.False(await store.TryPutAsync(new BlobName("a/kept"), new byte[1], default));
        Assert.True(await store.MendAsync(new BlobName("a/mended"), 1, new byte[] { 9 }, default));
        await store.DeleteAsync(new BlobName("a/deleted"), default);
        Assert.True(await store.TryPutAsync(new BlobName("a/new"), new byte[] { 7 }, default));
        Assert.Equal(["a/kept", "a/mended", "a/new"], await ListAsync(store, "a/"));
        Assert.Equal([1, 9, 3], await ReadAllAsync(store, "a/mended"));
        Assert.Equal([7], await ReadAllAsync(store, "a/new"));
        Assert.True(await store.TryPutAsync(new BlobName("a/deleted"), new byte[] { 5 }, default));
        Assert.Equal([5], await ReadAllAsync(store, "a/deleted"));
        below.Before = null;
        Assert.Equal([1, 2, 3], await ReadAllAsync(below, "a/mended"));
        Assert.Equal([1, 2, 3], await ReadAllAsync(below, "a/deleted"));
        Assert.Null(await ReadAllAsync(below, "a/new"));
    }

    [Fact]
    public async Task Of_a_mended_blob_only_what_is_mended_is_kept_and_it_is_not_read_below()
    {
        BlobName name = new("a/large");
        byte[] content = new byte[1 << 20];
        await below.TryPutAsync(name, content, default);
        below.Before = call => _ = call.Kind == StoreCallKind.Read ? throw new StoreException("Unreadable.") : 0;
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.True(await store.MendAsync(name, 1000, new byte[] { 1, 2, 3, 4 }, default));
        Assert.True(await store.MendAsync(name, 1002, new byte[] { 7, 8, 9 }, default));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, content.Length / 2);
        byte[] found = new byte[5];
        Assert.Equal(5, await store.TryReadAsync(name, 1000, found, default));
        Assert.Equal([1, 2, 7, 8, 9], found);
        await Assert.ThrowsAsync<StoreException>(
            async () => await store.TryReadAsync(name, 999, found, TestContext.Current.CancellationToken));
        below.Before = null;
        Assert.Equal(content.Length, await store.TryGetLengthAsync(name, default));
    }

    [Fact]
    public async Task Whatever_ranges_are_mended_the_blob_reads_as_one_that_was_mended_itself()
    {
        Random random = new(1);
        for (int turn = 0; turn < 200; turn++)
        {
            BlobName name = new($"a/{turn}");
            byte[] content = new byte[random.Next(60)];
            random.NextBytes(content);
            MemoryStore twin = new();
            await twin.TryPutAsync(name, content, default);
            await below.TryPutAsync(name, content, default);
            for (int count = random.Next(1, 8); count > 0; count--)
            {
                byte[] bytes = new byte[random.Next(20)];
                random.NextBytes(bytes);
                int atBytes = random.Next(70);
                Assert.True(await twin.MendAsync(name, atBytes, bytes, default));
                Assert.True(await store.MendAsync(name, atBytes, bytes, default));
            }

            Assert.Equal(twin[name], await ReadAllAsync(store, name.Path));
            byte[] part = new byte[random.Next(90)];
            int startBytes = random.Next(90);
            int? partBytes = await store.TryReadAsync(name, startBytes, part, default);
            Assert.Equal(twin[name].Skip(startBytes).Take(part.Length), part[..partBytes!.Value]);
            Assert.Equal(content, below[name]);
        }
    }
}
