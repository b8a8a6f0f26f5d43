using FsCheck.Xunit;
using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Maintenance.Prune;
using HyperVBackup.Repository.Tests.Packs;
using HyperVBackup.Repository.Tests.Sessions;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Prune;

public sealed class FreedSpaceTests
{
    /// <summary>Numbers from 6 on are deltas, which take pages from chunks that other places hold.</summary>
    [Property(MaxTest = 40)]
    public void Every_history_frees_what_is_said(byte[] numbers, byte goingBits, byte size) =>
        RunAsync(numbers, goingBits, (size % 20) + 1).GetAwaiter().GetResult();

    [Fact]
    public async Task What_other_places_disks_and_vms_hold_is_not_freed()
    {
        (SampleRepository sample, DeltaSample deltas) = await DeltaSample.CreateAsync();
        RestorePoint first = await deltas.BackUpAsync([1, 2, 6]);
        RestorePoint second = await deltas.BackUpAsync([2, 3, 6], first);
        RestorePoint other = await deltas.BackUpAsync([11], vm: "other");
        RestorePoint[] points = [first, second, other];
        long[] lengths = [.. Enumerable.Range(0, 12).Select(LengthOf)];
        Assert.Equal(0, (await MeasureAsync(sample, points, first)).ChunkBytes); // 6 takes pages from 1
        Assert.Equal(lengths[3], (await MeasureAsync(sample, points, second)).ChunkBytes);
        long pages = lengths[2] + lengths[3] + lengths[6] + deltas.Places[DeltaPack.IdOf(DeltaSample.LastPageOf(6))]
            .LengthBytes;
        Assert.Equal(pages, (await MeasureAsync(sample, points, first, second)).ChunkBytes); // so does 11 of the other
        FreedSpace all = await MeasureAsync(sample, points, points);
        Assert.Equal(deltas.Places.Values.Sum(place => place.LengthBytes), all.ChunkBytes);
        Assert.True(all.MapBytes > (await MeasureAsync(sample, points, first)).MapBytes);

        long LengthOf(int number) => deltas.Places.GetValueOrDefault(SampleRepository.IdOf(number)).LengthBytes;
    }

    [Fact]
    public async Task Where_a_map_is_lost_nothing_is_said_but_why()
    {
        PruneSample sample = await PruneSample.CreateAsync();
        RestorePoint[] points = await sample.BackUpDaysAsync(3);
        sample.LoseMap(points[1]);
        PrunePlan plan = await PruneSample.PlanAsync(sample.Prune(RetentionRule.Last, 1, measure: true));
        Assert.Equal(2, plan.GoingCount);
        Assert.Null(plan.Space);
        Assert.Contains("no good copy", plan.SpaceFault, StringComparison.Ordinal);
    }

    private static async Task RunAsync(byte[] numbers, byte goingBits, int size)
    {
        (SampleRepository sample, DeltaSample deltas) = await DeltaSample.CreateAsync();
        List<RestorePoint> points = [];
        for (int start = 0; start + size <= numbers.Length && points.Count < 6; start += size)
        {
            int[] disk = [.. numbers[start..(start + size)].Select(number => number % 12)];
            points.Add(await deltas.BackUpAsync(disk, points.LastOrDefault()));
        }

        RestorePoint[] going = [.. points.Where((_, index) => (goingBits >> index & 1) != 0)];
        HashSet<ChunkId> freed = Reached(sample, going);
        freed.ExceptWith(Reached(sample, points.Except(going)));
        Assert.Equal(
            freed.Sum(id => deltas.Places[id].LengthBytes), (await MeasureAsync(sample, points, going)).ChunkBytes);
    }

    private static Task<FreedSpace> MeasureAsync(
        SampleRepository sample, IReadOnlyCollection<RestorePoint> points, params RestorePoint[] going) =>
        new FreedSpaceMeasure(sample.Repository).MeasureAsync(
            points, point => going.Any(other => other.Id == point.Id), new Silence<CollectProgress>(), default);

    /// <summary>Every record that is needed to read the points.</summary>
    private static HashSet<ChunkId> Reached(SampleRepository sample, IEnumerable<RestorePoint> points)
    {
        HashSet<ChunkId> ids = [];
        foreach (int number in points.SelectMany(point => sample.Disks[point.Id]).Where(number => number != 0))
        {
            ids.Add(SampleRepository.IdOf(number));
            if (number > 5)
            {
                ids.Add(SampleRepository.IdOf(DeltaSample.BaseOf(number)));
                ids.Add(DeltaPack.IdOf(DeltaSample.LastPageOf(number)));
            }
        }

        return ids;
    }
}
