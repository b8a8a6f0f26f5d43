using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
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

    [Fact]
    public async Task A_pack_that_is_shorter_than_it_was_is_counted_on_no_more()
    {
        using TestFolder folder = new();
        CollectSituation situation = await CollectSituation.MakeAsync();
        await CollectAsync(situation, folder.Path);
        RestorePoint kept = await situation.Sample.BackUpAsync([90, 91], vm: "kept too");
        RestorePoint goes = await situation.Sample.BackUpAsync([92, 93], vm: "goes");
        await CollectAsync(situation, folder.Path);
        await situation.Sample.MarkAsync(goes);
        BlobName pack = NameIn(situation, "packs/", kept);
        situation.Sample.Store[pack] = situation.Sample.Store[pack][..^1];
        IReadOnlyList<BlobName> before = situation.Sample.Store.Names;
        await Assert.ThrowsAsync<RepositoryDamagedException>(() => CollectAsync(situation, folder.Path));
        Assert.Empty(before.Except(situation.Sample.Store.Names));
        BlobName map = NameIn(situation, "maps/", kept);
        situation.Sample.Store[pack] = situation.Sample.Store[NameIn(situation, "packs/", goes)];
        situation.Sample.Store[map] = []; // of which a second copy stands
        Assert.Equal([goes.Id], (await CollectAsync(situation, folder.Path)).PointsRemoved);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_pack_held_that_is_rotten_now_is_no_copy(bool isNoted)
    {
        using TestFolder folder = new();
        SampleRepository sample = await SampleRepository.CreateAsync(seed: 1); // so that no hit is read again
        RestorePoint old = await sample.BackUpAsync([1, 2, 3, 4]);
        await CollectAsync(sample, folder.Path);
        BlobName pack = Assert.Single(sample.NamesIn("packs/"));
        sample.Store[pack].AsSpan().Clear();
        await (isNoted ? VerifyAsync(sample) : Task.CompletedTask);
        BackupRepository other = await SampleRepository.OpenAsync(sample.Store);
        await sample.Over(sample.Store, other).BackUpAsync([1, 2], vm: "one");
        await sample.Over(sample.Store, other).BackUpAsync([3, 4], vm: "other");
        if (!isNoted)
        {
            await Assert.ThrowsAsync<RepositoryDamagedException>(() => CollectAsync(sample, folder.Path));
            await VerifyAsync(sample);
        }

        await CollectAsync(sample, folder.Path);
        Assert.DoesNotContain(pack, sample.Store.Names);
        other = await SampleRepository.OpenAsync(sample.Store);
        Assert.True(await SampleRepository.ReadsRightAsync(other, old.Id, [1, 2, 3, 4]));
    }

    [Fact]
    public async Task What_could_not_be_read_once_is_read_again_the_next_time()
    {
        using TestFolder folder = new();
        CollectSituation situation = await CollectSituation.MakeAsync();
        await CollectAsync(situation, folder.Path);
        RestorePoint point = await situation.Sample.BackUpAsync([90, 91], vm: "new");
        RestorePoint after = await situation.Sample.BackUpAsync([94, 95], vm: "newer");
        BlobName map = NameIn(situation, "maps/", point);
        BlobName copy = new("mirror/" + map.Path);
        byte[] good = situation.Sample.Store[map];
        byte[] bad = [.. good];
        bad.AsSpan(FileHeader.SizeBytes, bad.Length / 2).Clear(); // its records; the table stands
        (situation.Sample.Store[map], situation.Sample.Store[copy]) = (bad, bad);
        await Assert.ThrowsAsync<RepositoryDamagedException>(() => CollectAsync(situation, folder.Path));
        (situation.Sample.Store[map], situation.Sample.Store[copy]) = (good, good);
        situation.Pruned.Add(after);
        await situation.Sample.MarkAsync(after);
        Assert.Equal([after.Id], (await CollectAsync(situation, folder.Path)).PointsRemoved);
        Assert.Equal(0, (await CollectAsync(situation, folder.Path)).MapBytesRead);
    }

    private static BlobName NameIn(CollectSituation situation, string folder, RestorePoint point) =>
        situation.Sample.NamesIn(folder).Single(
            name => name.Path.Contains(point.Id.ToString(), StringComparison.Ordinal));

    private static async Task RequireSameAsync(
        CollectSituation situation, CollectSituation expected, TestFolder folder, string path, byte[] facts)
    {
        CollectSituation copy = situation.Copy();
        await File.WriteAllBytesAsync(path, facts);
        await CollectAsync(copy, folder.Path);
        Assert.Equal(expected.Sample.Store.Names, copy.Sample.Store.Names);
    }

    private static Task<VerificationReport> VerifyAsync(SampleRepository sample) =>
        sample.Repository.NewVerification(new VerificationOptions { WorkerCount = 1 })
            .RunAsync(new Silence<VerificationProgress>(), default);

    private static Task<CollectReport> CollectAsync(CollectSituation situation, string? stateFolder) =>
        CollectAsync(situation.Sample, stateFolder);

    private static Task<CollectReport> CollectAsync(SampleRepository sample, string? stateFolder) =>
        CollectSample.CollectAsync(
            sample.Store, CollectSample.WithoutRepacking,
            CollectSample.NewEnvironment() with { StateFolder = stateFolder });
}
