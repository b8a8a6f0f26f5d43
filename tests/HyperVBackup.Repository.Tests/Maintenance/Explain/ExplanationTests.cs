using FsCheck.Xunit;
using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Maintenance.Explain;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Pins;
using HyperVBackup.Repository.Points;
using HyperVBackup.Repository.Tests.Packs;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Explain;

public sealed class ExplanationTests
{
    private static readonly Silence<VerificationProgress> Silence = new();
    private static readonly Silence<CollectProgress> Collecting = new();

    [Property(MaxTest = 25)]
    public void Every_chunk_and_pack_of_every_history_is_explained_as_by_a_simple_model(byte[] numbers, byte size) =>
        RunAsync(numbers, (size % 20) + 1).GetAwaiter().GetResult();

    [Fact]
    public async Task A_pruned_point_keeps_nothing_and_is_told_as_such()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint first = await sample.BackUpAsync([1, 2]);
        RestorePoint second = await sample.BackUpAsync([1, 3], first);
        RecordExplanation before = await ExplainAsync(sample, 2);
        Assert.Equal((1, true), (before.NeededCount, before.RecordBytes == Assert.Single(before.Points).OwnBytes));
        await new PruneMarkFiles(sample.Store, sample.Repository.Id).TryPutAsync(
            first.Id, new PruneMark { Time = DateTimeOffset.UnixEpoch, Host = "", Why = "" }, default);
        RecordExplanation after = await ExplainAsync(sample, 2);
        Assert.Equal((0, true, 0L), (after.NeededCount, after.Points[0].IsPruned, after.Points[0].OwnBytes));
        RecordExplanation shared = await ExplainAsync(sample, 1);
        Assert.Equal([(true, false), (false, true)], shared.Points.Select(use => (use.IsPruned, use.OwnBytes > 0)));

        Explanation explanation = new(sample.Repository);
        PointExplanation old = await explanation.ExplainPointAsync(first, Collecting, default);
        Assert.Equal((true, false), (old.IsPruned, old.IsNewest));
        Assert.Equal([second.Id], old.Children);
        Assert.Equal(before.RecordBytes, old.Space!.Value.ChunkBytes);
        PointExplanation newest = await explanation.ExplainPointAsync(second, Collecting, default);
        Assert.Equal((false, true), (newest.IsPruned, newest.IsNewest));
        Assert.Equal(shared.RecordBytes + (await ExplainAsync(sample, 3)).RecordBytes, newest.Space!.Value.ChunkBytes);
    }

    [Fact]
    public async Task Points_that_share_nodes_are_each_found()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        int[] disk = [.. Enumerable.Range(1, 40)];
        RestorePoint point = await sample.BackUpAsync(disk);
        for (int last = 0; last < 3; last++)
        {
            point = await sample.BackUpAsync([.. disk[..39], 100 + last], point);
        }

        Assert.Equal(4, (await ExplainAsync(sample, 7)).Points.Count);
        Assert.Single((await ExplainAsync(sample, 101)).Points);
    }

    [Fact]
    public async Task A_point_is_explained_by_its_pins_and_readers()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint point = await sample.BackUpAsync([1, 2]);
        await new PointPins(sample.Repository).PinAsync(point.Id, default);
        await using var reader =
            await sample.Repository.OpenReadingSessionAsync(LeaseKind.Restore, point.Id, default);
        PointExplanation explained =
            await new Explanation(sample.Repository).ExplainPointAsync(point, Collecting, default);
        Assert.Equal("pinned", Assert.Single(explained.Locks).ToString());
        Assert.Single(explained.Readers);
        Assert.True(explained.Space!.Value.MapBytes > 0);
    }

    [Fact]
    public async Task What_is_not_there_or_cannot_be_read_is_said()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint point = await sample.BackUpAsync([1, 2]);
        Explanation explanation = new(sample.Repository);
        await Assert.ThrowsAsync<RestorePointNotFoundException>(() => ExplainAsync(sample, 9));
        await Assert.ThrowsAsync<RestorePointNotFoundException>(() => explanation.ExplainPackAsync(
            new PackName(PackKind.Chunks, point.Id, 7), Silence, default));
        PackName pack = new(PackKind.Chunks, point.Id, 0);
        sample.Store[new BlobName(pack.BlobName)].AsSpan().Clear();
        await Assert.ThrowsAsync<RepositoryDamagedException>(() =>
            explanation.ExplainPackAsync(pack, Silence, default));
        RecordExplanation blind = await ExplainAsync(sample, 1);
        Assert.Equal((1, 0), (blind.UnreadablePacks, blind.Records.Count));
        sample.Store[new BlobName(point.Disks[0].TopPlace.Pack.BlobName)].AsSpan().Clear();
        sample.Store[new BlobName(point.Disks[0].TopPlace.Pack.MirrorBlobName)].AsSpan().Clear();
        Assert.Equal(1, Assert.Single((await ExplainAsync(sample, 1)).Points).UnreadableCount);
    }

    [Fact]
    public void Ranges_that_touch_are_one_and_all_are_counted()
    {
        FoundRanges ranges = new();
        for (int number = 0; number < FoundRanges.KeptCountMax + 5; number++)
        {
            ranges.Add(number * 100, (number * 100) + 30);
            ranges.Add((number * 100) + 10, (number * 100) + 20);
            ranges.Add((number * 100) + 30, (number * 100) + 50);
        }

        Assert.Equal(FoundRanges.KeptCountMax + 5, ranges.Count);
        Assert.Equal(FoundRanges.KeptCountMax, ranges.Kept.Count);
        Assert.All(ranges.Kept.Index(), kept => Assert.Equal(new ListedRange(kept.Index * 100, 50), kept.Item));
    }

    private static Task<RecordExplanation> ExplainAsync(SampleRepository sample, int number) =>
        new Explanation(sample.Repository).ExplainChunkAsync(SampleRepository.IdOf(number), Silence, default);

    private static async Task RunAsync(byte[] numbers, int size)
    {
        (SampleRepository sample, DeltaSample deltas) = await DeltaSample.CreateAsync();
        List<RestorePoint> points = [];
        for (int start = 0; start + size <= numbers.Length && points.Count < 5; start += size)
        {
            int[] disk = [.. numbers[start..(start + size)].Select(number => number % 12)];
            points.Add(await deltas.BackUpAsync(disk, points.LastOrDefault()));
        }

        Explanation explanation = new(sample.Repository);
        foreach ((ChunkId id, RecordPlace place) in deltas.Places)
        {
            RecordExplanation explained = await explanation.ExplainChunkAsync(id, Silence, default);
            Assert.Equal(place, Assert.Single(explained.Records).Place);
            RequireAsModel(explained, sample, points, [id], deltas);
        }

        foreach (BlobName name in sample.NamesIn(FileNames.ChunkPackFolder))
        {
            Assert.True(PackName.TryParse(name.Path, out PackName pack));
            RecordExplanation explained = await explanation.ExplainPackAsync(pack, Silence, default);
            ChunkId[] ids = [.. deltas.Places.Where(place => place.Value.Pack == pack).Select(place => place.Key)];
            Assert.Equal((ids.Length, 0), (explained.RecordCount, explained.ElsewhereCount));
            RequireAsModel(explained, sample, points, ids, deltas);
        }

        await RequireMapPacksAsync(explanation, sample, points);
    }

    private static void RequireAsModel(
        RecordExplanation explained, SampleRepository sample, List<RestorePoint> points, ChunkId[] targets,
        DeltaSample deltas)
    {
        Dictionary<SessionId, HashSet<ChunkId>> needs = points.ToDictionary(
            point => point.Id,
            point => sample.Disks[point.Id].SelectMany(RecordsOf).Intersect(targets).ToHashSet());
        Assert.Equal(
            needs.Where(need => need.Value.Count > 0).Select(need => need.Key).Order(),
            explained.Points.Select(use => use.Point.Id).Order());
        foreach (PointUse use in explained.Points)
        {
            HashSet<ChunkId> own = [.. needs[use.Point.Id]];
            foreach (HashSet<ChunkId> other in
                needs.Where(need => need.Key != use.Point.Id).Select(need => need.Value))
            {
                own.ExceptWith(other);
            }

            Assert.Equal(needs[use.Point.Id].Count, use.RecordCount);
            Assert.Equal(own.Sum(id => deltas.Places[id].LengthBytes), use.OwnBytes);
            int[] disk = sample.Disks[use.Point.Id];
            bool[] isHit = [.. disk.Select(number => RecordsOf(number).Intersect(targets).Any())];
            Assert.Equal(RangesOf(isHit), Assert.Single(use.Disks).Ranges);
            Assert.Equal(
                disk.Count(number => RecordsOf(number).Intersect(targets).Any()
                    && !targets.Contains(SampleRepository.IdOf(number))),
                use.Disks[0].TakingChunkCount);
        }

        ChunkId[] needed = [.. needs.Values.SelectMany(ids => ids).Distinct()];
        Assert.Equal(needed.Length, explained.NeededCount);
        Assert.Equal(needed.Sum(id => deltas.Places[id].LengthBytes), explained.NeededBytes);
    }

    /// <summary>The records that a chunk is read from.</summary>
    private static IEnumerable<ChunkId> RecordsOf(int number) => number switch
    {
        0 => [],
        <= 5 => [SampleRepository.IdOf(number)],
        _ =>
        [
            SampleRepository.IdOf(number), SampleRepository.IdOf(DeltaSample.BaseOf(number)),
            DeltaPack.IdOf(DeltaSample.LastPageOf(number)),
        ],
    };

    private static IEnumerable<ListedRange> RangesOf(bool[] isHit)
    {
        const int Size = SampleRepository.ChunkSizeBytes;
        for (int start = 0; start < isHit.Length; start++)
        {
            int end = start;
            while (end < isHit.Length && isHit[end])
            {
                end++;
            }

            if (end > start)
            {
                yield return new ListedRange((long)start * Size, (long)(end - start) * Size);
            }

            start = end;
        }
    }

    private static async Task RequireMapPacksAsync(
        Explanation explanation, SampleRepository sample, List<RestorePoint> points)
    {
        foreach (BlobName name in sample.NamesIn(FileNames.MapPackFolder))
        {
            Assert.True(PackName.TryParse(name.Path, out PackName pack));
            PackFile file = (await PackFile.TryOpenAsync(
                sample.Store, sample.Repository.Id, pack, name.Path, default))!;
            HashSet<Digest> ids = [.. Enumerable.Range(0, file.Table.Count).Select(index => file.Table[index].Id)];
            RecordExplanation explained = await explanation.ExplainPackAsync(pack, Silence, default);
            HashSet<Digest> needed = [];
            foreach (RestorePoint point in points)
            {
                HashSet<Digest> needs = [.. (await MapRecords.OfAsync(sample, point)).Intersect(ids)];
                needed.UnionWith(needs);
                PointUse? use = explained.Points.FirstOrDefault(use => use.Point.Id == point.Id);
                Assert.Equal(needs.Count, use?.RecordCount ?? 0);
            }

            Assert.Equal((ids.Count, needed.Count), (explained.RecordCount, explained.NeededCount));
        }
    }
}
