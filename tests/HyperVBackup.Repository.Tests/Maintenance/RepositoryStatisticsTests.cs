using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Tests.Sessions;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance;

public sealed class RepositoryStatisticsTests
{
    [Fact]
    public async Task The_numbers_are_those_one_counts()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        Assert.Equal(0, (await sample.Repository.MeasureAsync(default)).ChunkPackCount);
        RestorePoint first = await sample.BackUpAsync([1, 2, 0, 2, 3]);
        await sample.BackUpAsync([1, 4, 0, 2, 3], first);
        await sample.BackUpAsync([1, 0, 5], vm: "other");
        RepositoryStatistics statistics = await sample.Repository.MeasureAsync(default);
        int[] numbers = [1, 2, 3, 4, 5];
        Assert.Equal(3, statistics.PointCount);
        Assert.Equal(2, statistics.VmCount);
        Assert.Equal((5 + 5 + 3) * SampleRepository.ChunkSizeBytes, statistics.VirtualBytes);
        Assert.Equal((4 + 4 + 2) * SampleRepository.ChunkSizeBytes, statistics.LogicalBytes);
        Assert.Equal(numbers.Length, statistics.ChunkCount);
        Assert.Equal(
            numbers.Length * (SampleRepository.ChunkSizeBytes - FormatLimits.PageSizeBytes), statistics.LiteralBytes);
        Assert.Equal(
            numbers.Sum(number => (long)SampleRepository.Encode(number, out _).Entry.LengthBytes),
            statistics.ChunkRecordBytes);
        Assert.Equal(3, statistics.ChunkPackCount);
        Assert.Equal(3, statistics.MapPackCount);
        Assert.Equal(LengthOf(sample, FileNames.ChunkPackFolder), statistics.ChunkPackFileBytes);
        Assert.Equal(
            LengthOf(sample, FileNames.MapPackFolder)
                + LengthOf(sample, FileNames.MirrorFolder + FileNames.MapPackFolder),
            statistics.MapPackFileBytes);
        Assert.Equal(0, statistics.DamagedPackCount);
    }

    [Fact]
    public async Task Recipes_and_the_records_they_take_pages_from_are_counted_apart()
    {
        (SampleRepository sample, DeltaSample deltas) = await DeltaSample.CreateAsync();
        await deltas.BackUpAsync([1, 2, 6, 7, 11]);
        RepositoryStatistics statistics = await sample.Repository.MeasureAsync(default);
        Assert.Equal((5L, 3L), (statistics.WholeRecordCount, statistics.DeltaRecordCount));
        Assert.Equal(((2 * 3) + 3) * FormatLimits.PageSizeBytes, statistics.LiteralBytes);
        Assert.Equal(3 * DeltaRecord.LengthBytes(sourceCount: 2, pageCount: 4), statistics.DeltaRecordBytes);
    }

    [Fact]
    public async Task A_pack_whose_footer_is_damaged_is_counted_as_such()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await sample.BackUpAsync([1]);
        sample.Store[sample.NamesIn(FileNames.ChunkPackFolder)[0]][^1] ^= 1;
        RepositoryStatistics statistics = await sample.Repository.MeasureAsync(default);
        Assert.Equal((1L, 0L, 1L), (statistics.ChunkPackCount, statistics.ChunkCount, statistics.DamagedPackCount));
    }

    private static long LengthOf(SampleRepository sample, string folder) =>
        sample.NamesIn(folder).Sum(name => (long)sample.Store[name].Length);
}
