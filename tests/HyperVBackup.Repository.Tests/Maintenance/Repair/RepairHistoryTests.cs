using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Maintenance.Repair;
using HyperVBackup.Repository.Tests.Maintenance.Collect;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Repair;

/// <summary>Repairs of whatever is damaged, that are stopped anywhere, or overtaken by collectors.</summary>
public sealed class RepairHistoryTests
{
    private const int IdsFrom = 1_000_000;
    private const int RepairsFrom = 1_000_000_000;
    private static readonly RepairOptions Healing = new() { ReadData = true, LiveDisks = new KnownChunks(1, 2, 5) };

    /// <summary>More of them in a long run: HVBACKUP_HISTORIES.</summary>
    private static int HistoryCount =>
        int.TryParse(Environment.GetEnvironmentVariable("HVBACKUP_HISTORIES"), out int count) ? count : 80;

    [Fact]
    public async Task After_random_damage_each_point_restores_or_is_named_and_none_is_lost_by_repairing()
    {
        for (int seed = 0; seed < HistoryCount; seed++)
        {
            try
            {
                await DamageAndRepairAsync(seed);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"The history of seed {seed} failed: {failure.Message}", failure);
            }
        }
    }

    /// <summary>Found at random once: when the damage was looked for a pack could not be opened, its header being bad;
    /// then the header was mended, and nobody had read the records that the footer names.</summary>
    [Fact]
    public async Task Records_of_a_pack_that_opens_only_once_its_header_is_mended_are_looked_at_too()
    {
        SampleRepository sample = await NewSampleAsync(hasDeltas: false);
        List<RestorePoint> points = await sample.Repository.ListPointsAsync(default);
        RecordPlace place = await sample.ChunkAsync(8);
        byte[] pack = sample.Store[new BlobName(place.Pack.BlobName)];
        pack[20] ^= 1;
        pack[place.OffsetBytes + 100] ^= 1;
        pack[place.OffsetBytes] ^= 1;
        pack[(int)(place.OffsetBytes + place.LengthBytes)] ^= 1; // the page section: the footer is not good either

        RepairReport report = await sample.RepairAsync();

        Assert.Contains(report.Left, left => left.Points.Contains(points[2].Id));
        TouchedDisk touched = Assert.Single(report.Touched);
        Assert.Equal(points[2].Id, touched.Point);
        Assert.DoesNotContain(points[2].Id, await ReadableAsync(sample));
    }

    /// <summary>Found at random once: of such a pack the next repair told again what the first had stored anew.
    /// </summary>
    [Fact]
    public async Task What_was_stored_anew_of_a_pack_that_stays_damaged_is_not_healed_again()
    {
        SampleRepository sample = await NewSampleAsync(hasDeltas: false);
        (RecordPlace healable, RecordPlace lost) = (await sample.ChunkAsync(5), await sample.ChunkAsync(8));
        Assert.Equal(healable.Pack, lost.Pack);
        byte[] pack = sample.Store[new BlobName(lost.Pack.BlobName)];
        pack[20] ^= 1;
        pack[healable.OffsetBytes] ^= 1;
        pack[lost.OffsetBytes] ^= 1;
        pack[Math.Max(healable.OffsetBytes + healable.LengthBytes, lost.OffsetBytes + lost.LengthBytes)] ^= 1; // pages
        RepairOptions options = Healing with { LiveDisks = new KnownChunks(5) };

        RepairReport report = await sample.RepairAsync(options);
        RepairReport again = await sample.RepairAsync(options);

        Assert.NotEmpty(report.Healed);
        Assert.Empty(again.Healed);
        Assert.Equal(report.Left.Select(left => (left.File, left.OffsetBytes)), again.Left
            .Select(left => (left.File, left.OffsetBytes)));
    }

    /// <summary>What is healed in one step may be what another needs: after a repair no second one heals more.
    /// </summary>
    [Fact]
    public async Task Both_copies_of_a_map_pack_whose_ends_are_cut_off_are_mended_by_one_repair()
    {
        SampleRepository sample = await NewSampleAsync(hasDeltas: false);
        BlobName pack = sample.NamesIn("maps/")[0];
        BlobName second = new(FileNames.MirrorFolder + pack.Path);
        (byte[] whole, byte[] wholeSecond) = (sample.Store[pack], sample.Store[second]);
        sample.Store[pack] = whole[..100];
        sample.Store[second] = wholeSecond[..^60];

        await sample.RequireHealedAsync(await sample.RepairAsync());

        Assert.Equal(whole, sample.Store[pack]);
        Assert.Equal(wholeSecond, sample.Store[second]);
    }

    /// <summary>No file is left to tell of it, but the points that were made from it do.</summary>
    [Fact]
    public async Task A_point_that_lost_both_copies_is_named_by_the_points_made_from_it()
    {
        SampleRepository sample = await NewSampleAsync(hasDeltas: false);
        SessionId lost = (await sample.Repository.ListPointsAsync(default))[1].Id;
        await sample.Store.DeleteAsync(new BlobName(FileNames.RestorePoint(lost)), default);
        await sample.Store.DeleteAsync(new BlobName(FileNames.RestorePointMirror(lost)), default);

        RepairReport report = await sample.RepairAsync();

        Damage left = Assert.Single(report.Left);
        Assert.Equal(FileNames.RestorePoint(lost), left.File);
        Assert.Equal([lost], left.Points);
        Assert.Empty(report.Healed);
    }

    [Fact]
    public async Task A_parent_that_was_collected_is_no_lost_point()
    {
        SampleRepository sample = await NewSampleAsync(hasDeltas: false);
        RestorePoint pruned = (await sample.Repository.ListPointsAsync(default))[1];
        await sample.MarkAsync(pruned);
        await sample.CollectAsync(CollectSample.WithoutRepacking);

        await sample.RequireGoodAsync(pruned);
        Assert.Empty((await sample.RepairAsync()).Left);
    }

    [Fact]
    public async Task A_repair_stopped_at_any_write_loses_nothing_and_the_next_one_finishes()
    {
        SampleRepository damaged = await NewDamagedAsync();
        HashSet<SessionId> before = await ReadableAsync(damaged);
        for (int failing = 0; ; failing++)
        {
            SampleRepository sample = damaged.Over(damaged.Store.Copy());
            int writes = 0;
            bool isCut = failing % 2 == 1;
            using CancellationTokenSource stop = new();
            sample.Store.Before = call =>
            {
                bool isWrite = call.Kind is not (StoreCallKind.Read or StoreCallKind.List or StoreCallKind.GetLength);
                if (isWrite && writes++ == failing / 2)
                {
                    stop.Cancel();
                    _ = isCut ? throw new StoreException("It failed.") : 0;
                }
            };
            Exception? failure = await Xunit.Record.ExceptionAsync(
                () => sample.RepairAsync(Healing, token: stop.Token));
            sample.Store.Before = null;
            Assert.True(before.IsSubsetOf(await ReadableAsync(sample)), $"stopped at {failing}: a point is lost");
            RepairReport report = await sample.RepairAsync(Healing);
            Assert.Empty(report.Left);
            Assert.Equal(sample.Disks.Count, (await ReadableAsync(sample)).Count);
            if (writes <= failing / 2)
            {
                Assert.Null(failure);
                return;
            }
        }
    }

    /// <summary>Collectors without patience fence the repair, and go on with what it knows nothing of.</summary>
    [Fact]
    public async Task Collectors_at_any_moment_of_a_repair_lose_nothing_and_the_next_repair_finishes()
    {
        SampleRepository damaged = await NewDamagedAsync();
        RestorePoint pruned = (await damaged.Repository.ListPointsAsync(default))[0];
        await damaged.MarkAsync(pruned);
        CollectOptions eager = new() { Patience = TimeSpan.Zero, DeadPercentMax = 0, SmallPackCountMin = 1 };
        HashSet<SessionId> before = await ReadableAsync(damaged);
        before.Remove(pruned.Id);
        for (int at = 0, calls = int.MaxValue; at < calls; at += 7)
        {
            SampleRepository sample = damaged.Over(damaged.Store.Copy());
            calls = 0;
            int moment = at;
            sample.Store.Before = call =>
            {
                if (calls++ == moment)
                {
                    Action<StoreCall>? hook = sample.Store.Before;
                    sample.Store.Before = null;
                    Xunit.Record.ExceptionAsync(() => sample.CollectAsync(eager)).AsTask().GetAwaiter().GetResult();
                    sample.Store.Before = hook;
                }
            };
            Exception? failure = await Xunit.Record.ExceptionAsync(() => sample.RepairAsync(Healing));
            sample.Store.Before = null;
            Assert.True(failure is null or RepositoryException or StoreException, $"at {at}: {failure}");
            Assert.True(before.IsSubsetOf(await ReadableAsync(sample)), $"at {at}: a point is lost");
            Assert.Empty((await sample.RepairAsync(Healing)).Left);
            await sample.CollectAsync(eager);
            HashSet<SessionId> after = await ReadableAsync(sample);
            Assert.Equal(sample.Disks.Keys.Where(point => point != pruned.Id).ToHashSet(), after);
        }
    }

    /// <summary>Three points; two chunks, a node, a point's copy and a header are damaged.</summary>
    private static async Task<SampleRepository> NewDamagedAsync()
    {
        SampleRepository sample = await NewSampleAsync(hasDeltas: false);
        List<RestorePoint> points = await sample.Repository.ListPointsAsync(default);
        await sample.DamageChunkAsync(2, withChecksum: true);
        await sample.DamageChunkAsync(5);
        await sample.DamageMapAsync(points[2].Disks[0].TopNode.Value);
        sample.Store[new BlobName(FileNames.RestorePoint(points[1].Id))][200] ^= 1;
        sample.Store[sample.NamesIn("packs/")[0]][20] ^= 1;
        return sample;
    }

    private static async Task<SampleRepository> NewSampleAsync(bool hasDeltas, int seed = 1)
    {
        SampleRepository sample = await SampleRepository.CreateAsync(seed);
        DeltaSample deltas = new(sample);
        RestorePoint? parent = null;
        foreach (int[] disk in (int[][])[[1, 2, 3, 6], [1, 2, 4, 7], [1, 2, 5, 8]])
        {
            parent = hasDeltas ? await deltas.BackUpAsync(disk, parent) : await sample.BackUpAsync(disk, parent);
        }

        return sample;
    }

    private static void DamageAny(SampleRepository sample, Random random)
    {
        BlobName[] names =
            [.. sample.Store.Names.Where(name => !name.Path.EndsWith("repository", StringComparison.Ordinal))];
        BlobName name = names[random.Next(names.Length)];
        byte[] content = sample.Store[name];
        switch (random.Next(6))
        {
            case 0:
                sample.Store[name] = content[..random.Next(content.Length)];
                break;
            case 1:
                sample.Store.DeleteAsync(name, default).GetAwaiter().GetResult();
                break;
            case 2:
                content[random.Next(content.Length)] ^= 255;
                break;
            default:
                int start = random.Next(content.Length);
                random.NextBytes(content.AsSpan(start, Math.Min(random.Next(1, 200), content.Length - start)));
                break;
        }
    }

    private static async Task DamageAndRepairAsync(int seed)
    {
        Random random = new(seed);
        SampleRepository sample = await NewSampleAsync(random.Next(2) == 0, IdsFrom + seed);
        SampleRepository twin = sample.Over(sample.Store.Copy());
        for (int count = random.Next(1, 5); count > 0; count--)
        {
            DamageAny(sample, random);
        }

        HashSet<SessionId> before = await ReadableAsync(sample);
        RepairOptions options = new()
        {
            ReadData = true,
            LiveDisks = random.Next(2) == 0 ? new KnownChunks(1, 3, 4) : null,
            Others = random.Next(3) == 0 ? [await SampleRepository.OpenAsync(twin.Store)] : [],
        };
        RepairReport report = await sample.RepairAsync(options, seed: RepairsFrom + (2 * seed));
        HashSet<SessionId> after = await ReadableAsync(sample);
        Assert.True(before.IsSubsetOf(after), "a point is lost");
        foreach (SessionId point in sample.Disks.Keys.Except(after))
        {
            bool isNamed = report.Left.Any(left => left.Points.Contains(point)
                || left.File.EndsWith(point.ToString(), StringComparison.Ordinal));
            Assert.True(isNamed || await IsWithoutTraceAsync(sample, point), $"{point} neither restores nor is named");
        }

        RepairReport again = await sample.RepairAsync(options, seed: RepairsFrom + (2 * seed) + 1);
        Assert.Equal(report.Left.Select(left => left.File), again.Left.Select(left => left.File));
        Assert.Empty(again.Healed);
    }

    /// <summary>Neither of its files is left, nor a point that was made from it.</summary>
    private static async Task<bool> IsWithoutTraceAsync(SampleRepository sample, SessionId point)
    {
        bool isGone = !sample.Store.Names.Contains(new BlobName(FileNames.RestorePoint(point)))
            && !sample.Store.Names.Contains(new BlobName(FileNames.RestorePointMirror(point)));
        BackupRepository repository = await SampleRepository.OpenAsync(sample.Store);
        List<RestorePoint> points = await repository.ListAllPointsAsync();
        return isGone && !points.Any(child => child.Disks[0].Parent == point);
    }

    private static async Task<HashSet<SessionId>> ReadableAsync(SampleRepository sample)
    {
        SampleRepository copy = sample.Over(sample.Store.Copy()); // so that reading notes nothing
        HashSet<SessionId> points = [];
        foreach (SessionId point in sample.Disks.Keys)
        {
            _ = await copy.ReadsAsync(point) && points.Add(point);
        }

        return points;
    }
}
