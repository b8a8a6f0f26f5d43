using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Points;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using Xunit;

namespace HyperVBackup.Repository.Tests.Points;

public sealed class PointCatalogTests
{
    private static readonly SessionId Other = new("some session id."u8);

    [Fact]
    public async Task Points_come_by_vm_and_oldest_first()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint b1 = await sample.BackUpAsync([1], vm: "b");
        RestorePoint b2 = await sample.BackUpAsync([2], b1, vm: "b");
        RestorePoint a1 = await sample.BackUpAsync([3], vm: "A");
        RestorePoint b3 = await sample.BackUpAsync([4], b2, vm: "b");
        List<RestorePoint> points = await sample.Repository.ListPointsAsync(default);
        Assert.Equal([a1.Id, b1.Id, b2.Id, b3.Id], points.Select(point => point.Id));
        Assert.Equal(b2.Write(), points[2].Write());
    }

    [Fact]
    public async Task A_fence_decides_a_session_and_is_no_point()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        PointCatalog catalog = New(sample);
        Assert.True(await new CommitName(sample.Store, sample.Repository.Id, Other).TryFenceAsync(default));
        Assert.False(await new CommitName(sample.Store, sample.Repository.Id, Other).TryFenceAsync(default));
        Assert.Null(await catalog.TryReadAsync(Other, default));
        PointListing listing = new(sample.Store, catalog, null);
        Assert.Empty(await listing.ReadAllAsync((id, _) => Assert.Fail($"{id}"), default));
        Assert.Equal([Other], await SampleRepository.ToListAsync(catalog.ListDecidedAsync(default)));
        Assert.True((await catalog.ReadCopiesAsync(Other, default)).IsFence);
    }

    [Fact]
    public async Task A_fence_of_another_session_does_not_hide_a_point()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint point = await sample.BackUpAsync([1]);
        await new CommitName(sample.Store, sample.Repository.Id, Other).TryFenceAsync(default);
        sample.Store[First(point)] = sample.Store[new BlobName(FileNames.RestorePoint(Other))];
        Assert.Equal(point.Id, Assert.Single(await sample.Repository.ListPointsAsync(default)).Id);
        PointCopies copies = await New(sample).ReadCopiesAsync(point.Id, default);
        Assert.False(copies.IsFence);
        Assert.NotNull(copies.First.Complaint);
        Assert.NotNull(copies.Second.Point);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_second_copy_serves_where_the_first_is_damaged_and_both_damaged_are_reported(bool isTooLong)
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint point = await sample.BackUpAsync([1]);
        Damage(sample, First(point), isTooLong);
        Assert.Equal(point.Write(), (await New(sample).TryReadAsync(point.Id, default))!.Write());
        Damage(sample, new BlobName(FileNames.RestorePointMirror(point.Id)), isTooLong);
        List<SessionId> damaged = [];
        Assert.Empty(await new PointListing(sample.Store, New(sample), null).ReadAllAsync(
            (id, complaint) =>
            {
                damaged.Add(id);
                Assert.Contains(First(point).Path, complaint.Message, StringComparison.Ordinal);
            },
            default));
        Assert.Equal([point.Id], damaged);
        await Assert.ThrowsAsync<RepositoryDamagedException>(
            () => sample.Repository.OpenReadingSessionAsync(LeaseKind.Restore, point.Id, default));
        Assert.Empty(sample.NamesIn("leases/"));
    }

    [Fact]
    public async Task Names_that_are_no_sessions_are_passed_over()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        sample.Store[new BlobName("points/readme.txt")] = [1];
        Assert.Empty(await sample.Repository.ListPointsAsync(default));
        Assert.Null(await New(sample).TryReadAsync(Other, default));
    }

    private static PointCatalog New(SampleRepository sample) => new(sample.Store, sample.Repository.Id);

    private static BlobName First(RestorePoint point) => new(FileNames.RestorePoint(point.Id));

    private static void Damage(SampleRepository sample, BlobName name, bool isTooLong)
    {
        byte[] content = [.. sample.Store[name]];
        content[^20] ^= 1;
        sample.Store[name] = isTooLong ? new byte[2 << 20] : content;
    }
}
