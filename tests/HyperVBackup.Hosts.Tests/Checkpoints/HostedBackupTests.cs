using HyperVBackup.Format.Points;
using HyperVBackup.Hosts.Tests.Kit;
using HyperVBackup.Operations.Backup;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Checkpoints;

public sealed class HostedBackupTests
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(4, true)]
    public async Task Every_point_restores_to_its_checkpoint_and_one_reference_point_is_left(int seed, bool isBusy)
    {
        using World world = await World.MakeAsync(seed, isBusy);
        for (int run = 0; run < 4; run++)
        {
            world.Host.Advance(TimeSpan.FromMinutes(1));
            BackupReport report = await world.BackupAsync();
            Assert.Empty(report.Warnings);
            Assert.Equal(Consistency.Application, report.Point.Consistency);
            Assert.All(report.Point.Disks, disk => Assert.Equal(
                run == 0 ? RestorePointKind.Full : RestorePointKind.Incremental, disk.Kind));
            world.RequireNothingLeft();
        }

        Assert.Equal(4, await world.CheckPointsAsync());
        Assert.Equal(0, world.WrongPoints);
    }
}
