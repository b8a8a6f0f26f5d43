using FsCheck.Xunit;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance.Prune;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Tests.Packs;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Prune;

public sealed class OwnSpaceTests
{
    /// <summary>Numbers from 6 on are deltas, which take pages from chunks that other places hold.</summary>
    [Property(MaxTest = 60)]
    public void No_history_frees_more_than_is_said(byte[] numbers, byte goingBits, byte size) =>
        RunAsync(numbers, goingBits, (size % 20) + 1).GetAwaiter().GetResult();

    [Fact]
    public async Task Of_chunks_that_stand_at_one_place_once_it_is_exact()
    {
        PruneSample sample = await PruneSample.CreateAsync();
        RestorePoint first = await sample.BackUpAsync([10, 20, 30]);
        RestorePoint second = await sample.BackUpAsync([11, 20, 31, 40], first);
        RestorePoint third = await sample.BackUpAsync([12, 21, 31, 40], second);
        RestorePoint fourth = await sample.BackUpAsync([13, 21, 32], third);
        Assert.Equal(await LengthOfAsync(sample, 10, 30), await MeasureAsync(sample, first));
        Assert.Equal(await LengthOfAsync(sample, 11), await MeasureAsync(sample, second));
        Assert.Equal(await LengthOfAsync(sample, 12), await MeasureAsync(sample, third));
        Assert.Equal(await LengthOfAsync(sample, 13, 32), await MeasureAsync(sample, fourth));
        Assert.Equal(
            await LengthOfAsync(sample, 10, 11, 12, 20, 30, 31, 40), await MeasureAsync(sample, first, second, third));
        Assert.Equal(
            await LengthOfAsync(sample, 10, 11, 12, 13, 20, 21, 30, 31, 32, 40),
            await MeasureAsync(sample, first, second, third, fourth));
        RestorePoint back = await sample.BackUpAsync([10, 21, 32], fourth);
        Assert.Equal(await LengthOfAsync(sample, 10), await MeasureAsync(sample, back)); // too much: the first has it
    }

    /// <summary>The chunk of the second point takes pages from that of the first.</summary>
    [Fact]
    public async Task Records_that_a_staying_recipe_takes_pages_from_are_not_freed()
    {
        (SampleRepository sample, DeltaSample deltas) = await DeltaSample.CreateAsync();
        RestorePoint first = await deltas.BackUpAsync([1]);
        RestorePoint[] points = [first, await deltas.BackUpAsync([6], first)];
        long recipeBytes = deltas.Places[SampleRepository.IdOf(6)].LengthBytes
            + deltas.Places[DeltaPack.IdOf(DeltaSample.LastPageOf(6))].LengthBytes;
        long sourceBytes = deltas.Places[SampleRepository.IdOf(1)].LengthBytes;
        (int[] Going, long Bytes)[] cases = [([0], 0), ([1], recipeBytes), ([0, 1], recipeBytes + sourceBytes)];
        foreach ((int[] going, long bytes) in cases)
        {
            OwnSpaceMeasure measure = new(sample.Repository);
            await measure.AddAsync(
                points, point => going.Any(index => points[index].Id == point.Id), () => { }, default);
            Assert.Equal(bytes, measure.Space.ChunkBytes);
        }
    }

    [Fact]
    public async Task What_cannot_be_read_is_left_out_and_said()
    {
        PruneSample sample = await PruneSample.CreateAsync();
        RestorePoint[] points = await sample.BackUpDaysAsync(3);
        sample.LoseMap(points[1]);
        OwnSpace space = (await PruneSample.PlanAsync(
            sample.Prune(RetentionRule.Last, 1, force: true, measure: true))).Space!.Value;
        Assert.Equal(1, space.UnreadableCount);
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

        bool Goes(RestorePoint point) => (goingBits >> points.FindIndex(other => other.Id == point.Id) & 1) != 0;
        OwnSpaceMeasure measure = new(sample.Repository);
        await measure.AddAsync(points, Goes, () => { }, default);
        HashSet<ChunkId> going = Reached(sample, points.Where(Goes));
        long all = going.Sum(id => deltas.Places[id].LengthBytes);
        going.ExceptWith(Reached(sample, points.Where(point => !Goes(point))));
        long exact = going.Sum(id => deltas.Places[id].LengthBytes);
        Assert.True(measure.Space.ChunkBytes >= exact, $"{measure.Space.ChunkBytes} said, {exact} freed");
        Assert.True(all > 0 || measure.Space.ChunkBytes == 0);
        Assert.Equal(0, measure.Space.UnreadableCount);
    }

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

    private static async Task<long> MeasureAsync(PruneSample sample, params RestorePoint[] going)
    {
        HashSet<SessionId> ids = [.. going.Select(point => point.Id)];
        OwnSpaceMeasure measure = new(sample.Repository);
        await measure.AddAsync(
            await sample.Repository.ListPointsAsync(), point => ids.Contains(point.Id), () => { }, default);
        return measure.Space.ChunkBytes;
    }

    private static async Task<long> LengthOfAsync(PruneSample sample, params int[] numbers)
    {
        long bytes = 0;
        foreach (BlobName name in sample.Sample.NamesIn(FileNames.ChunkPackFolder))
        {
            Assert.True(PackName.TryParse(name.Path, out PackName pack));
            PackFile file =
                (await PackFile.TryOpenAsync(sample.Sample.Store, sample.Repository.Id, pack, name.Path, default))!;
            bytes += numbers.SelectMany(number => file.Table.FindAll(SampleRepository.IdOf(number).Value))
                .Sum(entry => entry.LengthBytes);
        }

        return bytes;
    }
}
