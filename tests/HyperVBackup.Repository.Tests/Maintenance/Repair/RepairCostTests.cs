using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maintenance.Repair;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Repair;

/// <summary>How often a repair goes over the packs of a repository.</summary>
public sealed class RepairCostTests
{
    [Fact]
    public async Task Many_damaged_records_cost_no_more_passes_over_the_packs_than_one()
    {
        (int one, int leftOfOne) = await CountPassesAsync(1);
        (int many, int leftOfMany) = await CountPassesAsync(1, 2, 4, 5, 7, 8, 10, 11, 13, 14);
        Assert.Equal((1, 10), (leftOfOne, leftOfMany));
        Assert.Equal(one, many);
    }

    [Fact]
    public async Task Good_copies_of_many_records_are_found_in_one_pass_that_reads_each_table_once()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await sample.BackUpAsync([1, 2, 3]);
        await sample.BackUpAsync([4, 5, 6], vm: "other");
        PackEntry[] entries = [.. Enumerable.Range(1, 7).Select(number => EntryOf(number, RecordType.Whole))];
        await sample.DamageChunkAsync(2);
        (int lists, int reads) = (0, 0);
        sample.Store.Before = call =>
        {
            lists += call is { Kind: StoreCallKind.List, Name: FileNames.ChunkPackFolder } ? 1 : 0;
            reads += call.Kind == StoreCallKind.Read ? 1 : 0;
        };
        GoodCopies copies = new(await SampleRepository.OpenAsync(sample.Store), AbsentSet.None);
        Assert.Empty(await FindAsync([]));
        Assert.Equal(0, lists);
        HashSet<(Digest, RecordType)> found =
            await FindAsync([.. entries, EntryOf(1, RecordType.Delta)]);
        int[] good = [1, 3, 4, 5, 6];
        Assert.Equal(good.Select(number => (SampleRepository.IdOf(number).Value, RecordType.Whole)).ToHashSet(), found);
        Assert.Equal(1, lists);
        reads = 0;
        Assert.Single(await FindAsync([entries[0]]));
        Assert.Equal(1, reads);
        PackName pack = (await sample.ChunkAsync(1)).Pack;
        Assert.Empty(await FindAsync([entries[0]], except: pack));

        Task<HashSet<(Digest, RecordType)>> FindAsync(PackEntry[] records, PackName except = default) =>
            copies.FindAsync(PackKind.Chunks, records, except, default);
    }

    /// <summary>A repair may take one round more for many.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Many_lost_map_records_cost_a_few_passes_over_the_packs_as_one_does(bool isRepair)
    {
        int one = await CountMapPassesAsync(1, isRepair);
        int many = await CountMapPassesAsync(16, isRepair);
        Assert.InRange(many, one, isRepair ? (2 * one) - 1 : one);
    }

    /// <summary>Each node lies in a pack of its own.</summary>
    private static async Task<int> CountMapPassesAsync(int lostCount, bool isRepair)
    {
        SampleRepository sample = await SampleRepository.CreateAsync(seed: 1);
        RestorePoint? point = null;
        int[] disk = new int[256];
        for (int node = 0; node < 16; node++)
        {
            disk[node * 16] = node + 1;
            point = await sample.BackUpAsync([.. disk], point);
        }

        MapNode top = await sample.Repository.Nodes.ReadNodeAsync(
            point!.Disks[0].TopNode, 2, point.Disks[0].TopPlace, default);
        for (int slot = 0; slot < lostCount; slot++)
        {
            await sample.DamageMapAsync(ChildReference.Of(top, slot).Id);
        }

        int passes = 0;
        sample.Store.Before = call =>
            passes += call is { Kind: StoreCallKind.List, Name: FileNames.MapPackFolder } ? 1 : 0;
        int lost = isRepair
            ? (await sample.RepairAsync()).Left.Count
            : (await ByteDamageTests.VerifyAsync(
                await SampleRepository.OpenAsync(sample.Store), new VerificationOptions())).Damage.Count;
        Assert.True(isRepair || lost >= lostCount);
        return passes;
    }

    private static PackEntry EntryOf(int number, RecordType type) =>
        new() { Id = SampleRepository.IdOf(number).Value, Type = type };

    private static async Task<(int Passes, int LeftCount)> CountPassesAsync(params int[] damaged)
    {
        SampleRepository sample = await SampleRepository.CreateAsync(seed: 1);
        for (int vm = 0; vm < 5; vm++)
        {
            await sample.BackUpAsync([(3 * vm) + 1, (3 * vm) + 2, (3 * vm) + 3], vm: $"vm{vm}");
        }

        foreach (int number in damaged)
        {
            await sample.DamageChunkAsync(number, withChecksum: true);
        }

        int passes = 0;
        sample.Store.Before = call =>
            passes += call is { Kind: StoreCallKind.List, Name: FileNames.ChunkPackFolder } ? 1 : 0;
        RepairReport report = await sample.RepairAsync();
        return (passes, report.Left.Count);
    }
}
