using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Packs;

public sealed class PackTablesTests
{
    private const int PackCount = 4;
    private const int ChunksPerPack = 10;
    private const long OneTableBytes = PackTables.OverheadBytes + (ChunksPerPack * PackEntry.SizeBytes);
    private readonly HashSet<string> read = [];

    [Theory]
    [InlineData(0, 1)]
    [InlineData(OneTableBytes, 1)]
    [InlineData((2 * OneTableBytes) - 1, 1)]
    [InlineData(2 * OneTableBytes, 2)]
    [InlineData((4 * OneTableBytes) - 1, 3)]
    [InlineData(4 * OneTableBytes, 4)]
    public async Task As_many_tables_are_kept_as_their_bytes_allow_and_always_the_newest(long bytesMax, int count)
    {
        (PackTables tables, PackName[] packs) = await NewAsync(bytesMax);
        await ReadAsync(tables, packs);
        Assert.Equal([], await ReadAsync(tables, packs[^count..]));
        Assert.Equal(packs.Length - count, (await ReadAsync(tables, packs[..^count])).Count);
    }

    [Fact]
    public async Task The_table_not_used_for_longest_goes_first()
    {
        (PackTables tables, PackName[] packs) = await NewAsync(2 * OneTableBytes);
        await ReadAsync(tables, [packs[0], packs[1], packs[0], packs[2]]);
        Assert.Equal([], await ReadAsync(tables, [packs[0], packs[2]]));
        Assert.Equal([packs[1].BlobName], await ReadAsync(tables, [packs[1]]));
    }

    [Fact]
    public async Task A_pack_that_is_gone_takes_room_too()
    {
        (PackTables tables, PackName[] packs) = await NewAsync(OneTableBytes);
        await ReadAsync(tables, [packs[0], packs[1] with { Number = 7 }]);
        Assert.Equal([packs[0].BlobName], await ReadAsync(tables, [packs[0]]));
    }

    [Fact]
    public async Task A_table_that_the_store_failed_to_read_is_asked_for_again()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await sample.BackUpAsync([1, 2]);
        PackName pack = Parse(sample.NamesIn(FileNames.ChunkPackFolder)[0]);
        PackTables tables = new(sample.Store, sample.Repository.Id, 1 << 20);
        sample.Store.Before = call =>
            _ = call.Kind == StoreCallKind.Read ? throw new StoreException("the store is away") : 0;
        Assert.Null(await tables.TryGetAsync(pack, CancellationToken.None));
        sample.Store.Before = null;
        Assert.Equal(2, (await tables.TryGetAsync(pack, CancellationToken.None))?.Count);
    }

    /// <summary>Packs of as many records each.</summary>
    private async Task<(PackTables Tables, PackName[] Packs)> NewAsync(long bytesMax)
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        for (int pack = 0; pack < PackCount; pack++)
        {
            await sample.BackUpAsync([.. Enumerable.Range(1 + (pack * ChunksPerPack), ChunksPerPack)]);
        }

        PackName[] packs = [.. sample.NamesIn(FileNames.ChunkPackFolder).Select(Parse)];
        Assert.Equal(PackCount, packs.Length);
        sample.Store.Before = call => _ = call.Kind == StoreCallKind.Read && read.Add(call.Name);
        return (new PackTables(sample.Store, sample.Repository.Id, bytesMax), packs);
    }

    /// <returns>The packs that the store was read for.</returns>
    private async Task<HashSet<string>> ReadAsync(PackTables tables, PackName[] packs)
    {
        read.Clear();
        foreach (PackName pack in packs)
        {
            PackTable? table = await tables.TryGetAsync(pack, CancellationToken.None);
            Assert.Equal(pack.Number == 0 ? ChunksPerPack : 0, table?.Count ?? 0);
        }

        return [.. read];
    }

    private static PackName Parse(BlobName name) =>
        PackName.TryParse(name.Path, out PackName pack) ? pack : throw new ArgumentException(name.Path);
}
