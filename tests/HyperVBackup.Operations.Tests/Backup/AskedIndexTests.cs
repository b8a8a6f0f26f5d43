using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Backup.Resume;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Repository.Index;
using Xunit;

namespace HyperVBackup.Operations.Tests.Backup;

/// <summary>What is as in the parent's map is not asked of the index.</summary>
public sealed class AskedIndexTests
{
    private const int Chunk = Bench.ChunkSizeBytes;
    private const int PagesPerChunk = Chunk / 4096;
    private const int SizeBytes = 4 * ResumeBench.BatchBytes;

    private readonly MemoryDisk first = Content.RandomDisk(SizeBytes, 1);
    private long asked;

    [Fact]
    public async Task A_recovery_asks_only_of_what_differs_and_nothing_where_all_is_equal()
    {
        using ResumeBench bench = await MakeAsync();
        MemoryDisk disk = first.Snapshot();
        Assert.Equal(0, (await bench.TryAsync(disk))!.Point.Disks[0].Statistics.BytesChanged);
        Assert.Equal(0, asked);

        disk.Change(10 * Chunk, 3 * Chunk, 2);
        Assert.Equal(3, (await bench.TryAsync(disk))!.Point.Disks[0].Statistics.ChunksNew);
        Assert.InRange(asked, 3, 3 * (1 + PagesPerChunk));
    }

    [Fact]
    public async Task One_that_goes_on_does_not_ask_of_what_was_equal_either()
    {
        using ResumeBench bench = await MakeAsync();
        MemoryDisk disk = first.Snapshot();
        disk.Stamp = ResumeBench.Stamp;
        disk.Change(10 * Chunk, Chunk, 2);
        Assert.Null(await bench.TryAsync(disk, stopAt: 3));
        asked = 0;
        Assert.InRange((await bench.TryAsync(disk))!.BytesResumed[0], 1, SizeBytes);
        Assert.InRange(asked, 1, 1 + PagesPerChunk);
    }

    private async Task<ResumeBench> MakeAsync()
    {
        ResumeBench bench = await ResumeBench.MakeAsync(first);
        bench.Change = environment => environment with { WatchIndex = index => new CountedIndex(this, index) };
        return bench;
    }

    private sealed class CountedIndex(AskedIndexTests counts, IChunkIndex index) : IChunkIndex
    {
        public long EntryCount => index.EntryCount;

        public long NotIndexedCount => index.NotIndexedCount;

        public ChunkIndexState State => index.State;

        public void Find(ReadOnlySpan<ChunkId> ids, Span<RecordPlace> places)
        {
            Interlocked.Add(ref counts.asked, ids.Length);
            index.Find(ids, places);
        }

        public void Add(PackName pack, ReadOnlySpan<IndexEntry> entries) => index.Add(pack, entries);

        public bool Covers(SessionId session) => index.Covers(session);

        public void Cover(SessionId session) => index.Cover(session);

        public ValueTask SaveAsync(CancellationToken token) => index.SaveAsync(token);

        public ValueTask DisposeAsync() => index.DisposeAsync();
    }
}
