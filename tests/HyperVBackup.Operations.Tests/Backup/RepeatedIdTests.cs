using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Operations.Tests.Backup;

/// <summary>A tracking id is to stand for one state. Of two, it leads to the newer while that one's point stands.
/// </summary>
public sealed class RepeatedIdTests
{
    private const int Chunk = Bench.ChunkSizeBytes;

    private readonly MemoryDisk disk = Content.RandomDisk(20 * Chunk, 1);

    [Fact]
    public async Task An_id_that_stands_for_two_states_leads_to_the_newer_and_is_told()
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        await bench.TrackAsync(disk.Snapshot(), null, "t1");
        BackupReport second = await BackupAsync(bench, disk.Change(3 * Chunk, 10, 2));
        Assert.Contains("one tracking id, 't1'", Assert.Single(second.Warnings), StringComparison.Ordinal);
        BackupReport third = await BackupAsync(bench, disk.Change(7 * Chunk, 10, 3));
        Assert.Equal(RestorePointKind.Incremental, third.Point.Disks[0].Kind);
        Assert.Equal(second.Point.Id, third.Point.Disks[0].Parent);
        Assert.Equal(disk.Bytes, await bench.ReadAsync(third.Point.Id, "disk"));
    }

    [Fact]
    public async Task An_id_may_stand_for_one_state_in_several_points()
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        await bench.TrackAsync(disk.Snapshot(), null, "t1");
        BackupReport again = await BackupAsync(bench);
        Assert.Equal("t1", again.Point.Disks[0].TrackingId);
        Assert.Empty(again.Warnings);
    }

    private async Task<BackupReport> BackupAsync(Bench bench, params (long, long)[] ranges) =>
        await bench.BackupAsync(new DiskRequest("disk", TestSource.Tracked(disk.Snapshot(), "t1", "t1", ranges)));
}
