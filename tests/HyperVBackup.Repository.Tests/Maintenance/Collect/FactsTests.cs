using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect;

/// <summary>What a host keeps about packs makes collecting cheap, and never changes what it does.</summary>
public sealed class FactsTests
{
    [Fact]
    public async Task A_later_collector_reads_what_is_new_and_one_with_nothing_new_reads_nothing()
    {
        using TestFolder folder = new();
        CollectSituation situation = await CollectSituation.MakeAsync();
        CollectReport first = await CollectAsync(situation, folder.Path);
        CollectReport second = await CollectAsync(situation, folder.Path);
        Assert.True(first.MapBytesRead > 10_000);
        Assert.Equal(0, second.MapBytesRead);
        Assert.Equal((first.BytesAfter, first.BytesAfter), (second.BytesBefore, second.BytesAfter));
        await situation.Sample.BackUpAsync([90, 91], vm: "new");
        CollectReport third = await CollectAsync(situation, folder.Path);
        Assert.InRange(third.MapBytesRead, 1000, first.MapBytesRead / 4);
        await situation.RequireGoodAsync();
    }

    [Fact]
    public async Task Whatever_becomes_of_it_the_same_is_deleted()
    {
        using TestFolder folder = new();
        CollectSituation situation = await CollectSituation.MakeAsync();
        RestorePoint late = await situation.Sample.BackUpAsync([60, 61, 0, 44], vm: "late");
        await CollectAsync(situation, folder.Path);
        situation.Pruned.Add(late);
        await situation.Sample.MarkAsync(late);
        CollectSituation expected = situation.Copy();
        await CollectAsync(expected, null);
        string path = Directory.GetFiles(folder.Path, "facts", SearchOption.AllDirectories).Single();
        byte[] facts = await File.ReadAllBytesAsync(path);
        int step = Math.Max(1, facts.Length / 150);
        for (int at = 0; at < facts.Length; at += step)
        {
            byte[] damaged = [.. facts];
            damaged[at] ^= 0x40;
            await RequireSameAsync(situation, expected, folder, path, damaged);
            await RequireSameAsync(situation, expected, folder, path, facts[..at]);
        }
    }

    [Fact]
    public async Task A_note_of_nothing_to_do_counts_only_for_the_same_listing()
    {
        using TestFolder folder = new();
        CollectSituation situation = await CollectSituation.MakeAsync();
        await CollectAsync(situation, folder.Path);
        RestorePoint other = await situation.Sample.BackUpAsync([70, 71], vm: "other");
        await CollectAsync(situation, folder.Path);
        situation.Pruned.Add(other);
        await situation.Sample.MarkAsync(other);
        Assert.Equal([other.Id], (await CollectAsync(situation, folder.Path)).PointsRemoved);
        await situation.RequireGoodAsync();
    }

    private static async Task RequireSameAsync(
        CollectSituation situation, CollectSituation expected, TestFolder folder, string path, byte[] facts)
    {
        CollectSituation copy = situation.Copy();
        await File.WriteAllBytesAsync(path, facts);
        await CollectAsync(copy, folder.Path);
        Assert.Equal(expected.Sample.Store.Names, copy.Sample.Store.Names);
    }

    private static Task<CollectReport> CollectAsync(CollectSituation situation, string? stateFolder) =>
        CollectSample.CollectAsync(
            situation.Sample.Store, CollectSample.WithoutRepacking,
            CollectSample.NewEnvironment() with { StateFolder = stateFolder });
}
