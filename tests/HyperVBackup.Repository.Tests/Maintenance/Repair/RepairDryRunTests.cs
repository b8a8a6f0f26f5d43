using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Maintenance.Repair;
using HyperVBackup.Repository.Tests.Maintenance.Collect;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Repair;

/// <summary>What <c>repair --dry-run</c> says while collectors delete.</summary>
public sealed class RepairDryRunTests
{
    private static readonly RepairOptions DryRun = new() { ReadData = true, DryRun = true };

    [Fact]
    public async Task A_dry_run_reads_under_a_lease_that_others_see()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await sample.BackUpAsync([1, 2, 3]);
        int reads = 0;
        sample.Store.Before = call =>
        {
            if (call.Kind == StoreCallKind.Read && call.Name.StartsWith("packs/", StringComparison.Ordinal))
            {
                reads++;
                Assert.Single(sample.NamesIn("leases/"));
            }
        };
        Dictionary<string, byte[]> before = sample.Store.Contents();
        Assert.Empty((await sample.RepairAsync(DryRun)).Left);
        Assert.True(reads > 0);
        Assert.Equal(before, sample.Store.Contents());
    }

    [Fact]
    public async Task What_a_collector_deletes_at_any_moment_of_a_dry_run_is_not_told_as_damage()
    {
        SampleRepository whole = await SampleRepository.CreateAsync();
        RestorePoint pruned = await whole.BackUpAsync([1, 2, 3]);
        await whole.BackUpAsync([4, 5, 6], vm: "other");
        await whole.MarkAsync(pruned);
        string damaged = (await whole.ChunkAsync(5)).Pack.BlobName;
        BlobName unused = new((await whole.ChunkAsync(1)).Pack.BlobName);
        await whole.DamageChunkAsync(5);
        int deletedCount = 0;
        CollectOptions eager = new() { Patience = TimeSpan.Zero, DeadPercentMax = 0, SmallPackCountMin = 1 };
        for (int at = 0, calls = int.MaxValue; at < calls; at += 5)
        {
            SampleRepository sample = whole.Over(whole.Store.Copy());
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
            RepairReport report = await sample.RepairAsync(DryRun);
            sample.Store.Before = null;
            Assert.Empty(report.Healed);
            Assert.True(
                report.Left.Count == 1 && report.Left[0].File == damaged, $"at {at}: {string.Join(", ", report.Left)}");
            deletedCount += sample.Store.Names.Contains(unused) ? 0 : 1;
        }

        Assert.True(deletedCount > 10, $"{deletedCount} collections deleted something");
    }
}
