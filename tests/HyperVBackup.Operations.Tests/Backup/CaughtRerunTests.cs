using HyperVBackup.Disks;
using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Operations.Tests.Backup;

/// <summary>A source that was caught stays caught, whichever run of the backup makes the point.</summary>
public sealed class CaughtRerunTests
{
    private const int Chunk = Bench.ChunkSizeBytes;
    private readonly MemoryStore store = new();

    /// <summary>More than 256 chunks: the leaves of so many may be read together.</summary>
    private readonly MemoryDisk disk = Content.RandomDisk(300 * Chunk, 1, "{disk}");

    private readonly byte[] before = Content.Random(Chunk, 1);
    private bool isFenced;

    /// <summary>The audit meets a lie in the first chunks; the comparison of the whole disk meets a part of the
    /// parent's map that is lost, and the backup becomes a full.</summary>
    [Fact]
    public async Task A_catch_is_not_lost_where_the_backup_becomes_a_full()
    {
        Bench bench = await StartAsync();
        MemoryDisk view = disk.Snapshot();
        view.BeforeRead = read =>
        {
            if (read.StartBytes >= 30 * Chunk)
            {
                LoseMaps();
            }
        };
        BackupReport report = await bench.BackupAsync(
            new DiskRequest("disk", TestSource.Tracked(view, "t0", "t1", (8 * Chunk, Chunk))));
        Assert.Equal(RestorePointKind.Full, report.Point.Kind);
        Assert.Contains("no good copy", report.Warnings[0], StringComparison.Ordinal);
        await RequireCaughtAsync(bench, report);
    }

    /// <summary>A collector gives the session up while the whole disk is compared, or when all is done; the disk is
    /// compared once more, and its source is not believed though the guest wrote back what it left out.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_catch_is_not_lost_where_the_backup_is_run_again(bool isDone)
    {
        Bench bench = await StartAsync();
        MemoryDisk view = disk.Snapshot();
        view.BeforeRead = read =>
        {
            if (!isDone && read.StartBytes >= 30 * Chunk && !isFenced)
            {
                Fence(bench, view);
                throw new StoreException("Cannot rename: no such file.");
            }
        };
        store.Before = call =>
        {
            if (isDone && !isFenced && call.Kind == StoreCallKind.Put
                && call.Name.StartsWith("points/", StringComparison.Ordinal))
            {
                Fence(bench, view);
            }
        };
        BackupReport report = await bench.BackupAsync(
            new DiskRequest("disk", TestSource.Tracked(view, "t0", "t1", (8 * Chunk, Chunk))));
        Assert.True(isFenced);
        Assert.Contains("run again", report.Warnings[0], StringComparison.Ordinal);
        Assert.Equal(RestorePointKind.Recovered, report.Point.Kind);
        await RequireCaughtAsync(bench, report);
    }

    /// <summary>A point of a disk whose first chunk changes then, and nobody says so.</summary>
    private async Task<Bench> StartAsync()
    {
        Bench first = await Bench.MakeAsync(store, 1);
        await first.TrackAsync(disk.Snapshot(), null, "t0");
        Assert.Equal(before, disk.Bytes[..Chunk]);
        disk.Change(0, 1, 2);
        disk.Change(8 * Chunk, 1, 3);
        Bench bench = await first.ReopenAsync(2);
        bench.AuditPercent = 5;
        return bench;
    }

    private async Task RequireCaughtAsync(Bench bench, BackupReport report)
    {
        DiskPoint point = report.Point.Disks[0];
        Assert.Equal(SourceTrust.Distrusted, point.Audit.Trust);
        Assert.Equal([new ByteRange(0, Chunk)], Assert.Single(report.Findings).Ranges);
        Assert.Contains("the audit found 1 changed chunks", point.LostReason, StringComparison.Ordinal);
        Assert.Contains(report.Warnings, warning => warning.Contains("not trusted", StringComparison.Ordinal));
        Assert.Equal(disk.Bytes, await bench.ReadAsync(report.Point.Id, "disk"));
        BackupReport next = await bench.BackupAsync(
            new DiskRequest("disk", TestSource.Tracked(disk.Snapshot(), "t1", "t2")));
        Assert.Equal(RestorePointKind.Recovered, next.Point.Kind);
        Assert.Equal(SourceDistrust.Reason, next.Point.Disks[0].LostReason);
    }

    private void LoseMaps()
    {
        foreach (BlobName name in store.Names.Where(name => name.Path.Contains("maps/", StringComparison.Ordinal)))
        {
            store.DeleteAsync(name, CancellationToken.None).GetAwaiter().GetResult();
        }
    }

    /// <summary>Once, and from then on there is no more to find.</summary>
    private void Fence(Bench bench, MemoryDisk view)
    {
        isFenced = true;
        view.Write(0, before);
        disk.Write(0, before);
        foreach (BlobName lease in store.Names.Where(name => name.Path.StartsWith("leases/", StringComparison.Ordinal)))
        {
            string name = FileNames.RestorePointFolder + lease.Path[FileNames.LeaseFolder.Length..];
            byte[] fence = new byte[FileHeader.SizeBytes];
            new FileHeader(FileKind.Fence, bench.Repository.Id, name).WriteTo(fence);
            store[new BlobName(name)] = fence;
        }
    }
}
