using HyperVBackup.Hosts.Batches;
using HyperVBackup.Hosts.Tests.Kit;
using HyperVBackup.Hosts.VolumeSnapshots;
using HyperVBackup.SimulatedHost;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Batches;

public sealed class BatchPlanTests
{
    private static readonly HostVolume Own = new("D:", false);
    private static readonly HostVolume Shared = new("CSV1", true);
    private static readonly HostVolume OtherShared = new("CSV2", true);

    [Fact]
    public void Without_limits_all_are_of_one_wave()
    {
        IReadOnlyCollection<HostVolume>[] machines = [.. Enumerable.Repeat<HostVolume[]>([Own, Shared], 800)];
        Assert.Equal(800, Assert.Single(BatchPlan.Of(machines, new BatchOptions())).Count);
    }

    [Fact]
    public void Each_limit_holds_in_every_wave_and_each_machine_is_in_one()
    {
        IReadOnlyCollection<HostVolume>[] machines =
        [
            [Own], [Own], [Own], [Shared], [Shared], [Own, OtherShared], [OtherShared], [Shared, OtherShared], [],
        ];
        Assert.Equal([[0, 1, 2, 3], [4, 5, 6, 7], [8]], Plan(new() { MachinesPerHostMax = 4 }));
        Assert.Equal([[0, 1, 3, 4, 6, 7, 8], [2, 5]], Plan(new() { MachinesPerVolumeMax = 2 }));
        Assert.Equal([[0, 1, 2, 3, 5, 8], [4, 6], [7]], Plan(new() { MachinesPerSharedVolumeMax = 1 }));
        Assert.Equal([[0, 1, 2, 3, 4, 8], [5, 6], [7]], Plan(new() { SharedVolumesMax = 1 }));

        IReadOnlyList<IReadOnlyList<int>> Plan(BatchOptions options) => BatchPlan.Of(machines, options);
    }

    [Fact]
    public void No_limit_is_below_one() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchOptions { SharedVolumesMax = 0 });

    [Fact]
    public async Task Damaged_notes_of_snapshots_are_told_and_only_one_has_them()
    {
        using World world = await World.MakeAsync();
        SimulatedProcess process = world.NewProcess();
        HostEnvironment environment = process.NewEnvironment(_ => false, world.Warnings.Add);
        world.Host.Notes[("owner-volumes", Guid.Empty)] = "[null]";
        using SnapshotNotes notes = SnapshotNotes.Open(environment, "owner", process);
        Assert.Single(world.Warnings);
        Assert.Throws<HostException>(() => SnapshotNotes.Open(environment, "owner", process));
    }
}
