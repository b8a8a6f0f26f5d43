using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect;

/// <summary>Backups, restores, prunes, repairs, protections and collectors whose operations on the store mix in any
/// way, some of which never go on, sleep for long or lose answers: every point that was published and not pruned
/// restores to its bytes.</summary>
public sealed class CollectBesideWritersTests(ITestOutputHelper output)
{
    private const int SituationSeed = 900_000;
    private const int ParityOneIn = 4;
    private const int RepairOneIn = 5;

    /// <summary>More of them in a long run: HVBACKUP_SCHEDULES.</summary>
    private static int ScheduleCount =>
        int.TryParse(Environment.GetEnvironmentVariable("HVBACKUP_SCHEDULES"), out int count) ? count : 2000;

    [Fact]
    public async Task Whatever_mixes_every_point_that_was_not_pruned_restores()
    {
        CollectSituation situation = await CollectSituation.MakeAsync(SituationSeed);
        CollectSituation withParity = await CollectSituation.MakeAsync(SituationSeed, parityPercent: 10);
        (int made, int fenced, int restored, int lost, int healed, int protects) = (0, 0, 0, 0, 0, 0);
        for (int seed = 0; seed < ScheduleCount; seed++)
        {
            CollectSchedule schedule = new(
                (seed % ParityOneIn == 1 ? withParity : situation).Copy(), seed,
                hasRepair: seed % RepairOneIn == 1);
            try
            {
                await schedule.RunAsync();
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"The schedule of seed {seed} failed: {failure.Message}", failure);
            }

            made += schedule.Made.Count;
            fenced += schedule.FencedCount;
            restored += schedule.RestoredCount;
            lost += schedule.LostAnswers;
            healed += schedule.HealedCount;
            protects += schedule.ProtectedCount;
        }

        output.WriteLine(
            $"{ScheduleCount} schedules, {made} points made, {fenced} sessions fenced or failed, {restored} restores, "
            + $"{lost} answers lost, {healed} places healed and {protects} parity files made beside all else");
        Assert.True(made > ScheduleCount);
        Assert.True(fenced > ScheduleCount / 20);
        Assert.True(restored > ScheduleCount);
        Assert.True(lost > ScheduleCount / 5);
        Assert.True(healed > ScheduleCount / 5);
        Assert.True(protects > ScheduleCount / 5);
    }
}
