using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance;

/// <summary>Damage of several files at once, and repositories that are not as tidy as a finished one.</summary>
public sealed class VerificationTests
{
    [Fact]
    public async Task A_node_lost_in_both_copies_is_put_to_every_point_that_reaches_it()
    {
        SampleRepository sample = await ThreePointsAsync();
        RestorePoint[] points = [.. await sample.Repository.ListPointsAsync(default)];
        foreach (BlobName name in sample.NamesIn("maps/").Concat(sample.NamesIn("mirror/maps/")))
        {
            // The first record of the first session is the leaf node that all three points share.
            bool isOfFirst = name.Path.Contains(points[0].Id.ToString(), StringComparison.Ordinal);
            sample.Store[name][FileHeader.SizeBytes + 90] ^= (byte)(isOfFirst ? 1 : 0);
        }

        VerificationReport report = await VerifyAsync(sample, new VerificationOptions());
        HashSet<SessionId> told = [.. report.Damage.SelectMany(damage => damage.Points)];
        Assert.Equal(points.Select(point => point.Id).ToHashSet(), told);
        foreach (RestorePoint point in points)
        {
            Assert.False(await SampleRepository.ReadsRightAsync(
                await SampleRepository.OpenAsync(sample.Store), point.Id, sample.Disks[point.Id]));
        }
    }

    [Fact]
    public async Task A_lost_configuration_file_is_reported()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint point = await sample.BackUpAsync([1, 2]);
        RecordPlace place = point.ConfigurationFiles[0].Place;
        sample.Store[new BlobName(place.Pack.BlobName)][place.OffsetBytes + 90] ^= 1;
        sample.Store[new BlobName(place.Pack.MirrorBlobName)][place.OffsetBytes + 90] ^= 1;
        VerificationReport report = await VerifyAsync(sample, new VerificationOptions());
        Assert.Equal(2, report.Damage.Count);
        Assert.Contains(point.Id, report.Damage.SelectMany(damage => damage.Points));
    }

    [Fact]
    public async Task Only_the_points_asked_for_and_the_packs_they_need_are_looked_at()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint wanted = await sample.BackUpAsync([1, 2]);
        RestorePoint other = await sample.BackUpAsync([3, 4], vm: "other");
        VerificationOptions options = new() { Points = [wanted.Id], ReadDataPercent = 100 };
        foreach (BlobName name in sample.Store.Names)
        {
            byte[] content = sample.Store[name];
            bool isOfOther = name.Path.Contains(other.Id.ToString(), StringComparison.Ordinal);
            bool isOfWanted = name.Path.Contains(wanted.Id.ToString(), StringComparison.Ordinal);
            content[^1] ^= 1;
            if (isOfWanted || isOfOther)
            {
                VerificationReport report = await VerifyAsync(sample, options);
                Assert.Equal(isOfWanted ? [name.Path] : [], report.Damage.Select(damage => damage.File));
            }

            content[^1] ^= 1;
        }
    }

    [Fact]
    public async Task A_chunk_whose_pack_is_gone_but_that_another_holds_is_no_loss()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint point = await sample.BackUpAsync([1, 2]);
        MemoryStore old = sample.Store.Copy();
        await sample.Store.DeleteAsync(sample.NamesIn("packs/")[0], default);
        IReadOnlyList<Damage> damage = (await VerifyAsync(sample, new VerificationOptions())).Damage;
        Assert.Equal([point.Id], damage.SelectMany(lost => lost.Points).Distinct());
        await sample.BackUpAsync([1, 2, 3], vm: "other"); // a stale index would say that they are stored
        Assert.NotEqual(old.Names.Count, sample.Store.Names.Count);
        foreach (SessionId[] points in (SessionId[][])[[], [point.Id]])
        {
            VerificationOptions options = new() { Points = points, ReadDataPercent = 100 };
            Assert.Empty((await VerifyAsync(sample, options)).Damage);
        }

        Assert.True(await SampleRepository.ReadsRightAsync(sample.Repository, point.Id, [1, 2]));
    }

    [Fact]
    public async Task The_search_for_other_copies_goes_over_the_packs_as_often_for_many_lost_chunks_as_for_one()
    {
        List<int> counts = [];
        foreach (int chunkCount in (int[])[1, 40])
        {
            SampleRepository sample = await SampleRepository.CreateAsync();
            await sample.BackUpAsync([.. Enumerable.Range(1, chunkCount)]);
            await sample.Store.DeleteAsync(sample.NamesIn("packs/")[0], default);
            int listedCount = 0;
            sample.Store.Before = call =>
                listedCount += call.Kind == StoreCallKind.List && call.Name == "packs/" ? 1 : 0;
            IReadOnlyList<Damage> damage = (await VerifyAsync(sample, new VerificationOptions())).Damage;
            Assert.NotEmpty(damage);
            counts.Add(listedCount);
        }

        Assert.Equal(counts[0], counts[1]);
    }

    [Theory]
    [InlineData("maps/")]
    [InlineData("mirror/maps/")]
    [InlineData("points/")]
    [InlineData("mirror/points/")]
    public async Task Wherever_a_session_was_killed_its_remains_are_no_damage(string lastWritten)
    {
        SampleRepository sample = await ThreePointsAsync();
        WritingSession session = await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        RestorePoint point = await sample.WriteAsync(session, [9, 8]);
        bool isKilled = false;
        sample.Store.Before = call =>
        {
            if (isKilled)
            {
                throw new StoreException($"killed before {call}");
            }
        };
        sample.Store.After = call => isKilled |= call.Kind is StoreCallKind.Put or StoreCallKind.Publish
            && call.Name.StartsWith(lastWritten, StringComparison.Ordinal);
        await Record.ExceptionAsync(() => session.CommitAsync(point, default));
        (sample.Store.Before, sample.Store.After) = (null, null);
        Assert.Single(sample.NamesIn("leases/"));
        Assert.Empty((await VerifyAsync(sample, new VerificationOptions { ReadDataPercent = 100 })).Damage);
    }

    [Fact]
    public async Task Fences_are_no_damage_and_names_of_no_kind_are()
    {
        SampleRepository sample = await ThreePointsAsync();
        SessionId fenced = new("some session id."u8);
        await new CommitName(sample.Store, sample.Repository.Id, fenced).TryFenceAsync(default);
        Assert.Empty((await VerifyAsync(sample, new VerificationOptions())).Damage);
        string[] strange = ["maps/aa/x", "mirror/points/x", "packs/x", "points/x"];
        foreach (string name in strange)
        {
            sample.Store[new BlobName(name)] = [1];
        }

        VerificationReport report = await VerifyAsync(sample, new VerificationOptions());
        Assert.Equal(strange, report.Damage.Select(damage => damage.File).Order(StringComparer.Ordinal));
    }

    private static async Task<VerificationReport> VerifyAsync(SampleRepository sample, VerificationOptions options) =>
        await ByteDamageTests.VerifyAsync(await SampleRepository.OpenAsync(sample.Store), options);

    /// <summary>Three points; the disk's first leaf node is the same in all, its second another in each.</summary>
    private static async Task<SampleRepository> ThreePointsAsync()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        int[] disk = [1, 2, .. new int[20], 3];
        RestorePoint? point = null;
        for (int last = 4; last < 7; last++)
        {
            point = await sample.BackUpAsync([.. disk, last], point);
        }

        return sample;
    }
}
