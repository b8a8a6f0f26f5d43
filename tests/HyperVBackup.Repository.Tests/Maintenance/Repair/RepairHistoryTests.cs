using HyperVBackup.Format;
using HyperVBackup.Format.Points;
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
    private const int SeedCount = 60;
    private static readonly RepairOptions Healing = new() { ReadData = true, LiveDisks = new KnownChunks(1, 2, 5) };

    [Fact]
    public async Task After_random_damage_each_point_restores_or_is_named_and_none_is_lost_by_repairing()
    {
        for (int seed = 0; seed < SeedCount; seed++)
        {
            Random random = new(seed);
            SampleRepository sample = await NewSampleAsync(random.Next(2) == 0, seed);
            SampleRepository twin = sample.Over(sample.Store.Copy());
            for (int count = random.Next(1, 5); count > 0; count--)
            {
                DamageAny(sample, random);
            }

            HashSet<SessionId> before = await ReadableAsync(sample);
            RepairReport report = await sample.RepairAsync(new RepairOptions
            {
                ReadData = true,
                LiveDisks = random.Next(2) == 0 ? new KnownChunks(1, 3, 4) : null,
                Others = random.Next(3) == 0 ? [await SampleRepository.OpenAsync(twin.Store)] : [],
            });
            HashSet<SessionId> after = await ReadableAsync(sample);
            Assert.True(before.IsSubsetOf(after), $"seed {seed}: a point is lost");
            Assert.All(sample.Disks.Keys, point => Assert.True(
                after.Contains(point) || report.Left.Any(left => left.Points.Contains(point)
                    || left.File.EndsWith(point.ToString(), StringComparison.Ordinal)),
                $"seed {seed}: {point} neither restores nor is named"));
            Assert.Equal(report.Left.Count, (await sample.RepairAsync()).Left.Count);
        }
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
            Exception? failure = await Xunit.Record.ExceptionAsync(() => sample.RepairAsync(Healing, stop.Token));
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
