using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Maintenance.Repair;
using HyperVBackup.Repository.Tests.Maintenance.Collect;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Repair;

/// <summary>Damage that only one source can heal, and the same without it.</summary>
public sealed class RepairTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Whatever_byte_of_what_stands_twice_or_follows_from_the_rest_rots_it_is_mended_to_what_it_was(
        bool hasDeltas)
    {
        SampleRepository sample = await ThreePointsAsync(hasDeltas);
        Dictionary<string, byte[]> before = sample.Store.Contents();
        long recordsEndBytes = 0;
        int step = hasDeltas ? 211 : 97;
        foreach ((string name, byte[] content) in before)
        {
            recordsEndBytes = name.StartsWith("packs/", StringComparison.Ordinal)
                ? PackTrailer.Read(content.AsSpan(^PackTrailer.SizeBytes..), content.Length).PageSectionStartBytes
                : 0;
            for (int at = 0; at < content.Length; at += step)
            {
                bool isRecord = at >= FileHeader.SizeBytes && at < recordsEndBytes;
                sample.Store[new BlobName(name)][at] ^= 4;
                RepairReport report = isRecord ? new([], [], [], 0, 0) : await sample.RepairAsync();
                Assert.True(report.Left.Count == 0, $"{name} at {at} is left");
                sample.Store[new BlobName(name)][at] ^= (byte)(isRecord ? 4 : 0);
                Assert.Equal(content, sample.Store[new BlobName(name)]);
            }
        }

        await sample.RequireGoodAsync();
    }

    [Fact]
    public async Task A_file_that_was_cut_off_gets_back_what_its_other_copy_or_its_records_tell()
    {
        SampleRepository sample = await ThreePointsAsync(hasDeltas: true);
        Dictionary<string, byte[]> before = sample.Store.Contents();
        foreach ((string name, byte[] content) in before)
        {
            bool isChunks = name.StartsWith("packs/", StringComparison.Ordinal);
            int[] cuts = isChunks ? [content.Length - 1, content.Length - 90] : [content.Length - 1, 150, 10];
            foreach (int cut in cuts)
            {
                sample.Store[new BlobName(name)] = content[..cut];
                Assert.Empty((await sample.RepairAsync()).Left);
                Assert.Equal(content, sample.Store[new BlobName(name)]);
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_recipe_is_healed_from_its_packs_footer_and_its_source_from_nothing(bool isRecipe)
    {
        (SampleRepository sample, DeltaSample deltas) = await DeltaSample.CreateAsync();
        await deltas.BackUpAsync([1, 6]);
        RecordPlace place = deltas.Places[isRecipe
            ? SampleRepository.IdOf(6)
            : SampleRepository.Hash(DeltaSample.LastPageOf(6)).Id];
        sample.Damage(place, place.Pack.BlobName);
        RepairReport report = await sample.RepairAsync();
        Assert.Equal(isRecipe, report.Left.Count == 0);
        await (isRecipe ? sample.RequireHealedAsync(report) : Task.CompletedTask);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_record_is_mended_from_a_copy_in_another_pack(bool hasCopy)
    {
        SampleRepository sample = await ThreePointsAsync();
        RecordPlace place = await sample.ChunkAsync(2);
        MemoryStore whole = sample.Store.Copy();
        sample.Damage(place, place.Pack.BlobName);
        _ = hasCopy ? await sample.BackUpAnewAsync(2) : null;
        RepairReport report = await sample.RepairAsync();
        Assert.Equal(hasCopy, report.Left.Count == 0);
        Assert.Equal(hasCopy, report.Healed.Any(healed => healed.IsMended));
        if (hasCopy)
        {
            await sample.RequireHealedAsync(report);
            BlobName pack = new(place.Pack.BlobName);
            Assert.Equal(whole[pack], sample.Store[pack]);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_node_lost_in_both_copies_is_made_of_the_parents_and_the_list_of_changes(bool hasList)
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint first = await sample.BackUpAsync([1, 2, 3]);
        RestorePoint second = await sample.BackUpAsync([1, 4, 3], first);
        await sample.DamageMapAsync(second.Disks[0].TopNode.Value);
        if (!hasList)
        {
            await sample.DamageMapAsync(second.Disks[0].Lists[0].Head.Value);
        }

        RepairReport report = await sample.RepairAsync();
        Assert.Equal(hasList, report.Left.Count == 0);
        Assert.Equal(hasList, await sample.ReadsAsync(second.Id));
        Assert.True(await sample.ReadsAsync(first.Id));
        await (hasList ? sample.RequireHealedAsync(report) : Task.CompletedTask);
        Assert.Equal(
            hasList ? [] : [(second.Id, new ListedRange(0, 3 * SampleRepository.ChunkSizeBytes))],
            report.Touched.Select(disk => (disk.Point, disk.Ranges.Single())));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_list_of_changes_lost_in_both_copies_is_made_of_the_maps(int part)
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint first = await sample.BackUpAsync([1, 2, 3]);
        RestorePoint second = await sample.BackUpAsync([1, 4, 3], first);
        ListReference list = second.Disks[0].Lists[0];
        byte[] head = await sample.Repository.Records.ReadListAsync(list.Head, list.Place, default);
        Digest id = part == 0 ? list.Head.Value : ListHead.Read(ListKind.Changes, head)[0].Id.Value;
        await sample.DamageMapAsync(id);
        await sample.RequireHealedAsync(await sample.RepairAsync());
        Assert.True(await (await SampleRepository.OpenAsync(sample.Store)).Records.IsReadableAsync(
            Format.Records.RecordType.List, id, Memory<byte>.Empty, default));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_chunk_and_a_node_are_found_in_another_repository(bool hasOther)
    {
        SampleRepository sample = await ThreePointsAsync();
        SampleRepository other = await SampleRepository.CreateAsync();
        await other.BackUpAsync([2, 0, 0, 0]);
        SampleRepository twin = await SampleRepository.CopyOfAsync(sample);
        await sample.DamageChunkAsync(2, withChecksum: true);
        RestorePoint full = (await sample.Repository.ListPointsAsync(default))[0];
        await sample.DamageMapAsync(full.Disks[0].TopNode.Value);
        RepairReport report = await sample.RepairAsync(new RepairOptions
        {
            ReadData = true,
            Others = hasOther ? [other.Repository, twin.Repository] : [],
        });
        Assert.Equal(hasOther, report.Left.Count == 0);
        await (hasOther ? sample.RequireHealedAsync(report) : Task.CompletedTask);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_chunk_is_found_on_the_live_disk_which_is_told_where_points_hold_it(bool isThere)
    {
        SampleRepository sample = await ThreePointsAsync();
        await sample.DamageChunkAsync(2, withChecksum: true);
        KnownChunks live = isThere ? new KnownChunks(2) : new KnownChunks();
        RepairReport report = await sample.RepairAsync(new RepairOptions { ReadData = true, LiveDisks = live });
        WantedChunk wanted = Assert.Single(live.Asked);
        Assert.Equal(SampleRepository.IdOf(2), wanted.Id);
        Assert.Contains(new WantedPlace("vm", "disk", 1), wanted.Places);
        Assert.Equal(isThere, report.Left.Count == 0);
        if (isThere)
        {
            Assert.Contains(report.Healed, healed => !healed.IsMended && healed.From == "the disk 'live'");
            await sample.RequireHealedAsync(report);
            await sample.CollectAsync(new CollectOptions());
            await sample.RequireGoodAsync();
        }
        else
        {
            Assert.All(report.Touched, disk => Assert.Equal(
                new ListedRange(SampleRepository.ChunkSizeBytes, SampleRepository.ChunkSizeBytes), disk.Ranges[0]));
            Assert.Equal(3, report.Touched.Count);
        }
    }

    [Fact]
    public async Task A_record_that_is_only_seen_once_its_packs_header_is_mended_is_named_too()
    {
        SampleRepository sample = await ThreePointsAsync();
        RecordPlace place = await sample.ChunkAsync(2);
        sample.Damage(place, place.Pack.BlobName, withChecksum: true);
        sample.Store[new BlobName(place.Pack.BlobName)][20] ^= 1;
        RepairReport report = await sample.RepairAsync();
        Assert.True(Assert.Single(report.Healed).IsMended);
        Assert.Contains(report.Left, left => left.OffsetBytes == place.OffsetBytes);
        Assert.Equal(3, report.Touched.Count);
        RepairOptions options = new() { LiveDisks = new KnownChunks(2) };
        await sample.RequireHealedAsync(await sample.RepairAsync(options));
    }

    [Fact]
    public async Task What_is_noted_is_healed_without_reading_all_data()
    {
        SampleRepository sample = await ThreePointsAsync();
        await sample.DamageChunkAsync(2);
        RepairOptions options = new() { LiveDisks = new KnownChunks(2) };
        Assert.Empty((await sample.RepairAsync(options)).Healed);
        Assert.NotEmpty((await sample.RepairAsync()).Left);
        Assert.NotEmpty(sample.NamesIn("damaged/"));
        RepairReport report = await sample.RepairAsync(options);
        Assert.True(Assert.Single(report.Healed).IsMended);
        await sample.RequireHealedAsync(report);
        Assert.Empty(sample.NamesIn("damaged/"));
    }

    [Theory]
    [InlineData("maps/")]
    [InlineData("mirror/maps/")]
    [InlineData("points/")]
    [InlineData("mirror/points/")]
    [InlineData("packs/")]
    [InlineData("repository")]
    [InlineData("mirror/repository")]
    public async Task No_file_that_could_have_been_deleted_for_good_is_made_again(string prefix)
    {
        SampleRepository sample = await ThreePointsAsync();
        BlobName gone = sample.NamesIn(prefix)[0];
        await sample.Store.DeleteAsync(gone, default);
        RepairReport report = await sample.RepairAsync(new RepairOptions
        {
            ReadData = true,
            LiveDisks = new KnownChunks(1, 2, 3, 4, 5, 6, 7, 8),
        });
        bool isMadeAgain = prefix is "mirror/points/" or "repository" or "mirror/repository";
        Assert.Equal(isMadeAgain, sample.Store.Names.Contains(gone));
        Assert.Equal(prefix == "points/", report.Left.Count > 0);
        await (prefix == "points/" ? Task.CompletedTask : sample.RequireHealedAsync(report));
    }

    [Fact]
    public async Task A_dry_run_says_what_a_repair_does_and_writes_nothing()
    {
        SampleRepository sample = await ThreePointsAsync(hasDeltas: true);
        await sample.DamageChunkAsync(2, withChecksum: true);
        await sample.DamageChunkAsync(1);
        sample.Store[sample.NamesIn("mirror/maps/")[0]][300] ^= 1;
        sample.Store[sample.NamesIn("packs/")[0]][^1] ^= 1;
        Dictionary<string, byte[]> before = sample.Store.Contents();
        RepairOptions options = new() { ReadData = true, LiveDisks = new KnownChunks(2) };
        sample.Store.Before = call => _ = call.Kind is StoreCallKind.Read or StoreCallKind.List
            or StoreCallKind.GetLength ? 0 : throw new StoreException("A dry run writes.");
        RepairReport dry = await sample.RepairAsync(options with { DryRun = true });
        Assert.Equal(before, sample.Store.Contents());
        sample.Store.Before = null;
        RepairReport real = await sample.RepairAsync(options);
        Assert.Equal(real.Healed, dry.Healed);
        Assert.Equal(real.Left.Select(left => (left.File, left.OffsetBytes)),
            dry.Left.Select(left => (left.File, left.OffsetBytes)));
        Assert.NotEmpty(dry.Healed);
        Assert.NotEmpty(dry.Left);
    }

    [Fact]
    public async Task A_sound_repository_is_left_as_it_is()
    {
        SampleRepository sample = await ThreePointsAsync(hasDeltas: true);
        Dictionary<string, byte[]> before = sample.Store.Contents();
        RepairReport report = await sample.RepairAsync();
        Assert.Empty(report.Healed);
        Assert.Empty(report.Left);
        Assert.Equal(before, sample.Store.Contents().Where(file => !IsFence(file.Key, before)).ToDictionary());
    }

    private static bool IsFence(string name, Dictionary<string, byte[]> before) =>
        name.StartsWith("points/", StringComparison.Ordinal) && !before.ContainsKey(name);

    private static async Task<SampleRepository> ThreePointsAsync(bool hasDeltas = false)
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        DeltaSample deltas = new(sample);
        RestorePoint first = await BackUpAsync([1, 2, 3, 6], null);
        RestorePoint second = await BackUpAsync([1, 2, 4, 7], first);
        await BackUpAsync([1, 2, 5, 8], second);
        return sample;

        Task<RestorePoint> BackUpAsync(int[] disk, RestorePoint? parent) =>
            hasDeltas ? deltas.BackUpAsync(disk, parent) : sample.BackUpAsync(disk, parent);
    }
}
