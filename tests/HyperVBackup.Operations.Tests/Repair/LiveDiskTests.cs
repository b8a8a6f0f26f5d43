using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Repair;
using HyperVBackup.Operations.Tests.Kit;
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
}
