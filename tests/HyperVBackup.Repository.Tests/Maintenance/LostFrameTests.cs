using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maintenance.Repair;
using HyperVBackup.Repository.Tests.Maintenance.Collect;
using HyperVBackup.Repository.Tests.Maintenance.Repair;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance;

/// <summary>Packs without their header or footer: what they hold is not lost, wherever maps say that it lies.</summary>
public sealed class LostFrameTests
{
    private static readonly VerificationOptions[] levels = [new(), new() { ReadDataPercent = 100 }];

    [Theory]
    [InlineData("header")]
    [InlineData("cut")]
    [InlineData("overwritten")]
    [InlineData("last byte")]
    public async Task Only_the_frame_is_told_and_all_points_restore(string damage)
    {
        (SampleRepository sample, RestorePoint[] points, BlobName pack) = await MakeAsync();
        long offsetBytes = Damage(sample, pack, damage);
        foreach (VerificationOptions level in levels)
        {
            Damage told = Assert.Single((await VerifyAsync(sample, level)).Damage);
            Assert.Equal((pack.Path, offsetBytes, 0), (told.File, told.OffsetBytes, told.Points.Count));
        }

        foreach (RestorePoint point in points)
        {
            Assert.True(await sample.ReadsAsync(point.Id));
        }

        await sample.RequireHealedAsync(await sample.RepairAsync());
    }

    [Theory]
    [InlineData("header")]
    [InlineData("cut")]
    [InlineData("last byte")]
    public async Task A_record_that_is_lost_with_the_frame_costs_its_own_points_alone(string damage)
    {
        (SampleRepository sample, RestorePoint[] points, BlobName pack) = await MakeAsync();
        RecordPlace place = await sample.ChunkAsync(3); // of the second point alone
        sample.Damage(place, place.Pack.BlobName);
        Damage(sample, pack, damage);
        foreach (VerificationOptions level in levels)
        {
            IReadOnlyList<Damage> told = (await VerifyAsync(sample, level)).Damage;
            Assert.Equal(2, told.Count);
            Assert.Empty(Assert.Single(told, one => one.OffsetBytes != place.OffsetBytes).Points);
            Damage lost = Assert.Single(told, one => one.OffsetBytes == place.OffsetBytes);
            Assert.Equal((pack.Path, points[1].Id), (lost.File, Assert.Single(lost.Points)));
            Assert.Equal(SampleRepository.ChunkSizeBytes, Assert.Single(Assert.Single(lost.Disks).Ranges).LengthBytes);
        }

        Assert.True(await sample.ReadsAsync(points[0].Id));
        Assert.False(await sample.ReadsAsync(points[1].Id));
    }

    [Theory]
    [InlineData("header")]
    [InlineData("cut")]
    public async Task Of_a_map_pack_that_lost_both_frames_every_node_and_list_is_found(string damage)
    {
        (SampleRepository sample, RestorePoint[] points, _) = await MakeAsync();
        BlobName[] files = [.. sample.NamesIn("maps/"), .. sample.NamesIn("mirror/maps/")];
        foreach (BlobName file in files)
        {
            Damage(sample, file, damage);
        }

        IReadOnlyList<Damage> told = (await VerifyAsync(sample, new VerificationOptions())).Damage;
        Assert.Equal(files.Length, told.Count);
        Assert.All(told, one => Assert.Empty(one.Points));
        RestorePoint point = points[1];
        (RecordType, Digest)[] records =
        [
            (RecordType.Node, point.Disks[0].TopNode.Value), (RecordType.List, point.ConfigurationFiles[0].Head.Value),
        ];
        BackupRepository repository = await SampleRepository.OpenAsync(sample.Store);
        foreach ((RecordType type, Digest id) in records)
        {
            Assert.NotNull(await repository.Records.TryReadPlainAsync(type, id, default));
        }

        await sample.RequireHealedAsync(await sample.RepairAsync());
    }

    [Fact]
    public async Task A_place_that_cannot_be_read_costs_the_records_there_alone()
    {
        (SampleRepository sample, RestorePoint[] points, BlobName pack) = await MakeAsync();
        Damage(sample, pack, "last byte");
        int failedCount = 0;
        sample.Store.Before = call =>
        {
            bool isLarge = call.Kind == StoreCallKind.Read && call.Name == pack.Path && failedCount++ == 0;
            _ = isLarge ? throw new StoreException("Input/output error") : 0;
        };
        Assert.Empty((await VerifyAsync(sample, new VerificationOptions())).Damage.SelectMany(one => one.Points));
        Assert.True(await sample.ReadsAsync(points[0].Id));
    }

    /// <summary>A footer cannot be made of records of which one is bad, so the others are stored anew.</summary>
    [Fact]
    public async Task Records_behind_a_bad_one_are_salvaged_too_and_a_collector_finds_all()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint point = await sample.BackUpAsync([1, 2, 3, 4]);
        await sample.DamageChunkAsync(2, withChecksum: true);
        Damage(sample, Assert.Single(sample.NamesIn("packs/")), "last byte");
        RepairReport report = await sample.RepairAsync(
            new RepairOptions { ReadData = true, LiveDisks = new KnownChunks(2) });
        Assert.Empty(report.Left);
        await sample.CollectAsync(CollectSample.WithoutRepacking);
        await sample.RequireGoodAsync();
        Assert.True(await sample.ReadsAsync(point.Id));
        GoodCopies copies = new(await SampleRepository.OpenAsync(sample.Store), AbsentSet.None);
        PackEntry[] entries = [.. Enumerable.Range(1, 4).Select(
            number => new PackEntry { Id = SampleRepository.IdOf(number).Value, Type = RecordType.Whole })];
        Assert.Equal(4, (await copies.FindAsync(PackKind.Chunks, entries, except: default, default)).Count);
    }

    /// <summary>Nobody makes a file shorter; but nothing hangs on one that grew.</summary>
    [Theory]
    [InlineData(0, false)]
    [InlineData(0, true)]
    [InlineData(100, false)]
    [InlineData(100, true)]
    public async Task What_a_pack_that_grew_holds_is_stored_anew_and_a_collector_finds_all(
        int parityPercent, bool isRotten)
    {
        SampleRepository sample = await SampleRepository.CreateAsync(parityPercent: parityPercent);
        await sample.BackUpAsync([1, 2, 3, 4]);
        BlobName pack = Assert.Single(sample.NamesIn("packs/"));
        await (isRotten ? sample.DamageChunkAsync(2) : Task.CompletedTask);
        sample.Store[pack] = [.. sample.Store[pack], .. new byte[700]];
        int lengthBytes = sample.Store[pack].Length;
        Assert.Contains((await VerifyAsync(sample, new VerificationOptions())).Damage, one => one.File == pack.Path);
        RepairOptions options = new() { ReadData = true, LiveDisks = new KnownChunks(2) };
        await sample.RequireHealedAsync(await sample.RepairAsync(options));
        Assert.Equal(lengthBytes, sample.Store[pack].Length);
        await sample.CollectAsync(CollectSample.WithoutRepacking);
        await sample.RequireGoodAsync();
    }

    /// <summary>Two points that need chunks of one pack, of which the maps of the first say that they lie in another.
    /// </summary>
    private static async Task<(SampleRepository Sample, RestorePoint[] Points, BlobName Pack)> MakeAsync()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint first = await sample.BackUpAsync([1, 2]);
        await sample.Store.DeleteAsync(sample.NamesIn("packs/")[0], default);
        await ByteDamageTests.VerifyAsync(sample.Repository, new VerificationOptions());
        RestorePoint second = await sample.BackUpAsync([1, 2, 3], vm: "other");
        BlobName pack = Assert.Single(sample.NamesIn("packs/"));
        Assert.Empty((await VerifyAsync(sample, new VerificationOptions())).Damage);
        return (sample, [first, second], pack);
    }

    private static long Damage(SampleRepository sample, BlobName pack, string damage)
    {
        byte[] bytes = sample.Store[pack];
        int footer = checked((int)PackTrailer.Read(bytes.AsSpan(^PackTrailer.SizeBytes..), bytes.Length)
            .PageSectionStartBytes);
        byte[] damaged = damage switch
        {
            "header" => [.. new byte[FileHeader.SizeBytes], .. bytes[FileHeader.SizeBytes..]],
            "cut" => bytes[..footer],
            "overwritten" => [.. bytes[..footer], .. new byte[bytes.Length - footer]],
            _ => [.. bytes[..^1], (byte)(bytes[^1] ^ 1)],
        };
        sample.Store[pack] = damaged;
        return damage == "header" ? 0 : damaged.Length - PackTrailer.SizeBytes;
    }

    private static async Task<VerificationReport> VerifyAsync(SampleRepository sample, VerificationOptions options) =>
        await ByteDamageTests.VerifyAsync(await SampleRepository.OpenAsync(sample.Store), options);
}
