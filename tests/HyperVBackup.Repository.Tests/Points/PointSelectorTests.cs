using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Points;
using Xunit;

namespace HyperVBackup.Repository.Tests.Points;

public sealed class PointSelectorTests
{
    private const string Guid = "0f8fad5b-d9cb-469f-a165-70867728950e";

    [Fact]
    public void A_point_is_found_by_its_id_and_by_a_prefix_of_four()
    {
        RestorePoint[] points = [Point(1), Point(2), Point(200)];
        string id = points[2].Id.ToString();
        Assert.Same(points[2], PointSelector.Find(points, id));
        Assert.Same(points[2], PointSelector.Find(points, id[..4]));
        Assert.Throws<RestorePointNotFoundException>(() => PointSelector.Find(points, id[..3]));
        Assert.Throws<RestorePointNotFoundException>(() => PointSelector.Find(points, id + "a"));
        Assert.Throws<RestorePointNotFoundException>(() => PointSelector.Find([], id));
    }

    [Fact]
    public void A_prefix_of_several_points_is_refused_with_the_candidates()
    {
        RestorePoint[] points = [Point(1, last: 1), Point(1, last: 2)];
        string message = Refusal(() => PointSelector.Find(points, points[0].Id.ToString()[..6]));
        Assert.All(points, point => Assert.Contains(point.Id.ToString(), message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Web")]
    [InlineData("wEB")]
    [InlineData("name:web")]
    public void The_latest_point_of_a_vm_is_the_one_with_the_highest_sequence_whatever_the_case(string vm)
    {
        RestorePoint[] points =
            [Point(1, sequence: 2), Point(2, sequence: 10), Point(3, sequence: 9), Point(4, vm: "other")];
        Assert.Same(points[1], PointSelector.Find(points, vm + "@latest"));
        Assert.Same(points[1], PointSelector.Find(points, vm + "@LATEST"));
        Assert.Equal([points[0], points[2], points[1]], PointSelector.FindVm(points, vm));
    }

    [Theory]
    [InlineData(Guid)]
    [InlineData("0F8FAD5B-D9CB-469F-A165-70867728950E")]
    [InlineData("zebra")]
    [InlineData("aardvark")]
    public void A_renamed_vm_is_one_vm_and_its_latest_point_is_its_newest(string vm)
    {
        RestorePoint[] points =
        [
            Point(1, vm: "zebra", identity: Guid, sequence: 1), Point(2, vm: "aardvark", identity: Guid, sequence: 3),
            Point(3, vm: "zebra", identity: Guid, sequence: 2), Point(4, vm: "mouse", sequence: 7),
        ];
        Assert.Same(points[1], PointSelector.Find(points, vm + "@latest"));
        Assert.Equal([points[0], points[2], points[1]], PointSelector.FindVm(points, vm));
        List<RestorePoint> sorted = [.. points];
        PointOrder.SortByVm(sorted);
        Assert.Equal([points[0], points[2], points[1], points[3]], sorted);
    }

    [Fact]
    public void A_name_of_several_vms_is_refused_with_their_identities()
    {
        RestorePoint[] points = [Point(1), Point(2, identity: Guid)];
        string message = Refusal(() => PointSelector.FindVm(points, "web"));
        Assert.Contains(Guid, message, StringComparison.Ordinal);
        Assert.Contains("name:web", message, StringComparison.Ordinal);
        Assert.Same(points[1], PointSelector.Find(points, Guid + "@latest"));
        Assert.Same(points[0], PointSelector.Find(points, "name:web@latest"));
    }

    [Fact]
    public void A_vm_that_is_not_there_is_refused_with_those_that_are()
    {
        Assert.Contains("web", Refusal(() => PointSelector.FindVm([Point(1)], "mail")), StringComparison.Ordinal);
        Assert.Contains("no restore point", Refusal(() => PointSelector.FindVm([], "mail")), StringComparison.Ordinal);
    }

    private static string Refusal(Action find) => Assert.Throws<RestorePointNotFoundException>(find).Message;

    private static RestorePoint Point(
        byte first, byte last = 0, string vm = "web", string? identity = null, long sequence = 1)
    {
        byte[] id = new byte[SessionId.SizeBytes];
        (id[0], id[2], id[^1]) = (first, first, last);
        return new RestorePoint
        {
            Id = new SessionId(id),
            Sequence = sequence,
            Time = DateTimeOffset.UnixEpoch.AddDays(-sequence),
            VmIdentity = identity ?? new VmName(vm).Identity,
            VmName = new VmName(vm),
            Disks = [],
        };
    }
}
