using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Repair;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maintenance.Repair;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Operations.Tests.Repair;

/// <summary>Chunks that rotted, and the disks that still hold them.</summary>
public sealed class LiveDiskTests
{
    private const int ChunkCount = 40;
    private const int SizeBytes = (ChunkCount * Bench.ChunkSizeBytes) - 512;
    private readonly MemoryStore store = new();
    private readonly MemoryDisk disk = Content.RandomDisk(SizeBytes, 1);

    [Theory]
    [InlineData("disk", 0, true)]
    [InlineData("another name", 0, true)]
    [InlineData("disk", 1, true)]
    [InlineData("disk", 10, false)]
    public async Task Lost_chunks_are_read_where_points_hold_them_or_wherever_a_disk_holds_them(
        string name, int change, bool isHealed)
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        BackupReport report = await BackUpAsync(bench);
        DamageAll(every: 3);
        MemoryDisk now = change switch
        {
            0 => disk,
            1 => Moved(),
            _ => Content.RandomDisk(SizeBytes, 2),
        };
        RepairReport repaired = await bench.Repository.NewRepair(new RepairOptions
        {
            ReadData = true,
            WorkerCount = 1,
            LiveDisks = new LiveDisks([(name, now)], Bench.ChunkSizeBytes),
        }).RunAsync(new Progress<RepairProgress>(), CancellationToken.None);
        Assert.Equal(isHealed, repaired.Left.Count == 0);
        if (isHealed)
        {
            Assert.NotEmpty(repaired.Healed);
            Bench later = await bench.ReopenAsync(2);
            Assert.Equal(disk.Bytes, await later.ReadAsync(report.Point.Id, "disk"));
            Assert.True(change != 0 || now.Reads.Count < ChunkCount); // it was not looked for everywhere
        }
        else
        {
            Assert.Contains(report.Point.Id, repaired.Left.SelectMany(left => left.Points));
            Assert.Equal("disk", Assert.Single(repaired.Touched).Disk);
        }
    }

    [Fact]
    public async Task What_cannot_be_read_of_a_disk_is_told_once_and_passed_over()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        BackupReport report = await BackUpAsync(bench);
        DamageAll(every: 1);
        MemoryDisk half = disk.Snapshot();
        half.BeforeRead = range => Fail(range.StartBytes / Bench.ChunkSizeBytes % 2 == 1);
        List<string> warnings = [];
        RepairReport repaired = await RepairAsync(
            bench,
            new LiveDisks([("disk", new Mapless(half)), ("other", Moved())], Bench.ChunkSizeBytes, warnings.Add));
        Assert.Empty(repaired.Left);
        Assert.Contains("worn out", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Equal(disk.Bytes, await (await bench.ReopenAsync(2)).ReadAsync(report.Point.Id, "disk"));
    }

    [Fact]
    public async Task What_other_sources_had_stays_healed_when_the_search_of_disks_fails()
    {
        const int HalfBytes = SizeBytes / 2 / Bench.ChunkSizeBytes * Bench.ChunkSizeBytes;
        Bench other = await Bench.MakeAsync(new MemoryStore(), 7);
        await other.BackupAsync(new DiskRequest("disk", new UntrackedSource(() => disk.Resized(HalfBytes))));
        Bench bench = await Bench.MakeAsync(store, 1);
        await BackUpAsync(bench);
        foreach (BlobName name in store.Names.Where(name => name.Path.StartsWith("packs/", StringComparison.Ordinal)))
        {
            await store.DeleteAsync(name, CancellationToken.None); // else records are mended where they are
        }

        await Assert.ThrowsAsync<OperationCanceledException>(() =>
            RepairAsync(bench, new Unsearchable(), other.Repository));
        RepairReport later = await RepairAsync(await bench.ReopenAsync(2), disks: null);
        TouchedDisk touched = Assert.Single(later.Touched);
        Assert.All(touched.Ranges, range => Assert.True(range.StartBytes >= HalfBytes));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_chunk_that_the_parent_holds_and_that_is_known_to_be_damaged_is_stored_anew(bool isKnown)
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        BackupReport first = await BackUpAsync(bench);
        DamageAll(every: 5);
        if (isKnown)
        {
            await bench.Repository.NewVerification(new VerificationOptions { ReadDataPercent = 100, WorkerCount = 1 })
                .RunAsync(new Progress<VerificationProgress>(), CancellationToken.None);
        }

        Bench later = await bench.ReopenAsync(2);
        BackupReport second = await BackUpAsync(later);
        Assert.Equal(first.Point.Disks[0].Root, second.Point.Disks[0].Root);
        foreach (SessionId point in (SessionId[])[first.Point.Id, second.Point.Id])
        {
            Exception? loss = await Xunit.Record.ExceptionAsync(async () =>
                Assert.Equal(disk.Bytes, await later.ReadAsync(point, "disk")));
            Assert.Equal(isKnown, loss is null);
        }
    }

    private static void Fail(bool isBad)
    {
        if (isBad)
        {
            throw new DiskImageException("The disk is worn out.");
        }
    }

    private static Task<RepairReport> RepairAsync(
        Bench bench, ILiveDisks? disks, params IReadOnlyList<BackupRepository> others) =>
        bench.Repository.NewRepair(new RepairOptions
        {
            ReadData = true,
            WorkerCount = 1,
            LiveDisks = disks,
            Others = others,
        }).RunAsync(new Progress<RepairProgress>(), CancellationToken.None);

    private Task<BackupReport> BackUpAsync(Bench bench) =>
        bench.BackupAsync(new DiskRequest("disk", new UntrackedSource(() => disk.Snapshot())));

    /// <summary>The same chunks elsewhere on the grid.</summary>
    private MemoryDisk Moved()
    {
        MemoryDisk moved = new(SizeBytes + (7L * Bench.ChunkSizeBytes));
        moved.Write(7 * Bench.ChunkSizeBytes, disk.Bytes);
        return moved;
    }

    /// <summary>A byte of each so many chunks' worth of the chunk packs.</summary>
    private void DamageAll(int every)
    {
        foreach (BlobName name in store.Names.Where(name => name.Path.StartsWith("packs/", StringComparison.Ordinal)))
        {
            byte[] pack = store[name];
            for (int at = 5000; at < pack.Length * 9 / 10; at += every * Bench.ChunkSizeBytes)
            {
                pack[at] ^= 1;
            }
        }
    }

    /// <summary>A disk whose own table of where it holds data cannot be read.</summary>
    private sealed class Mapless(MemoryDisk disk) : IDisk
    {
        public string Description => disk.Description;

        public string? Identity => disk.Identity;

        public long VirtualSizeBytes => disk.VirtualSizeBytes;

        public int LogicalSectorSizeBytes => disk.LogicalSectorSizeBytes;

        public int PhysicalSectorSizeBytes => disk.PhysicalSectorSizeBytes;

        public void Read(long offsetBytes, Span<byte> buffer) => disk.Read(offsetBytes, buffer);

        public IEnumerable<ByteRange> AllocatedRanges(ByteRange range) =>
            throw new DiskImageException("The table is worn out.");

        public void Dispose() => disk.Dispose();
    }

    private sealed class Unsearchable : ILiveDisks
    {
        public string Description => "gone";

        public Task FindAsync(
            IReadOnlyCollection<WantedChunk> wanted, ContentHasher hasher,
            Func<ChunkId, ReadOnlyMemory<byte>, ValueTask> found, Action<long> readBytes, CancellationToken token) =>
            throw new OperationCanceledException();
    }
}
