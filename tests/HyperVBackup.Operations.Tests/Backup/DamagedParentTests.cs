using HyperVBackup.Disks.Changes;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Operations.Tests.Backup;

/// <summary>A lost map of the newest point must not keep a VM from being backed up; and names of VMs.</summary>
public sealed class DamagedParentTests
{
    private const string Guid = "6f9619ff-8b86-d011-b42d-00c04fc964ff";

    private readonly MemoryStore store = new();
    private readonly MemoryDisk disk = Content.RandomDisk(40 * Bench.ChunkSizeBytes, 1);

    [Fact]
    public async Task A_backup_whose_parents_map_is_lost_is_a_full_and_says_so()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        await bench.BackupAsync(new DiskRequest("disk", new UntrackedSource(() => disk.Snapshot())));
        string[] maps = [.. store.Names.Select(name => $"{name}").Where(IsMapPack)];
        foreach (string name in maps)
        {
            await store.DeleteAsync(new BlobName(name), CancellationToken.None);
        }

        Bench later = await bench.ReopenAsync(2);
        BackupReport report =
            await later.BackupAsync(new DiskRequest("disk", new UntrackedSource(() => disk.Snapshot())));
        Assert.Equal(RestorePointKind.Full, report.Point.Kind);
        Assert.Contains("no good copy", report.Warnings[0], StringComparison.Ordinal);
        Assert.Equal(disk.Bytes, await later.ReadAsync(report.Point.Id, "disk"));
    }

    [Fact]
    public async Task A_vm_called_by_its_guid_keeps_its_name()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        BackupRequest named = new()
        {
            VmName = "web",
            VmIdentity = Guid,
            Disks = [new DiskRequest("disk", new UntrackedSource(() => disk.Snapshot()))],
        };
        await bench.BackupAsync(named);
        BackupReport report = await bench.BackupAsync(named with { VmName = Guid });
        Assert.Equal("web", report.Point.VmName.Text);
        await Assert.ThrowsAsync<ArgumentException>(() => bench.BackupAsync(named with { VmIdentity = "none" }));
    }

    private static bool IsMapPack(string name) => name.Contains("maps/", StringComparison.Ordinal);
}
