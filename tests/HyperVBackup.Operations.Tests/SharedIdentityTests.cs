using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using Xunit;

namespace HyperVBackup.Operations.Tests;

/// <summary>Copies of one image keep its identity: two disks of a machine may share it, and their tracking ids too.
/// </summary>
public sealed class SharedIdentityTests
{
    private const int ChunkSizeBytes = 64 << 10;
    private const long SizeBytes = 1 << 20;

    [Theory]
    [InlineData("system")]
    [InlineData("data")]
    public void Each_of_two_disks_with_one_identity_and_one_tracking_id_keeps_its_own_parent(string name)
    {
        RestorePoint point = PointOf("system", "data");
        DiskPlan plan = Decide(point, name, isShared: true, ChangedRanges.Empty);
        Assert.Equal(RestorePointKind.Incremental, plan.Kind);
        Assert.Equal(name, plan.Parent?.Name);
    }

    [Fact]
    public void A_new_copy_of_a_disk_inherits_nothing_from_the_disk_it_was_copied_from()
    {
        DiskPlan plan = Decide(PointOf("system"), "copy", isShared: true, ChangedRanges.Empty);
        Assert.Equal(RestorePointKind.Full, plan.Kind);
    }

    [Fact]
    public void A_disk_that_was_renamed_is_still_found_by_its_identity()
    {
        DiskPlan plan = Decide(PointOf("system"), "renamed", isShared: false, ChangedRanges.Empty);
        Assert.Equal("system", plan.Parent?.Name);
    }

    [Fact]
    public void Changes_past_the_end_of_the_disk_are_lost()
    {
        ChangedRanges ranges = ChangedRanges.Build([(0, 1), (SizeBytes, 1)]);
        DiskPlan plan = Decide(PointOf("system"), "system", isShared: false, ranges);
        Assert.Equal(RestorePointKind.Recovered, plan.Kind);
        Assert.Contains("reach byte", plan.LostReason, StringComparison.Ordinal);
    }

    private static DiskPlan Decide(RestorePoint point, string name, bool isShared, ChangedRanges ranges) =>
        DiskPlan.Decide(
            [point], new DiskRequest(name, new Source()), new View(ranges), ChunkSizeBytes, full: false, isShared);

    private static RestorePoint PointOf(params string[] names) => new()
    {
        Id = new SessionId(Enumerable.Repeat((byte)1, SessionId.SizeBytes).ToArray()),
        Sequence = 1,
        Time = DateTimeOffset.UnixEpoch,
        VmIdentity = "name:vm",
        VmName = new VmName("vm"),
        Disks = [.. names.Select(name => new DiskPoint
        {
            Name = name,
            Identity = "one",
            Kind = RestorePointKind.Full,
            VirtualSizeBytes = SizeBytes,
            ChunkSizeBytes = ChunkSizeBytes,
            Root = default,
            TopNode = default,
            TrackingId = "t1",
        })],
    };

    private sealed class Source : IChangeSource
    {
        public string Description => "test";

        public string? Since => "t1";

        public IDiskView Open() => throw new NotSupportedException();
    }

    private sealed class View(ChangedRanges ranges) : IDiskView
    {
        public IDisk Disk { get; } = new EmptyDisk();

        public DiskChanges Changes => new DiskChanges.Known(ranges);

        public string? Seal() => null;

        public void Confirm()
        {
        }

        public void Abandon()
        {
        }

        public void Dispose()
        {
        }
    }

    private sealed class EmptyDisk : IDisk
    {
        public string Description => "empty";

        public string? Identity => "one";

        public long VirtualSizeBytes => SizeBytes;

        public int LogicalSectorSizeBytes => 512;

        public int PhysicalSectorSizeBytes => 4096;

        public void Read(long offsetBytes, Span<byte> buffer) => buffer.Clear();

        public IEnumerable<ByteRange> AllocatedRanges(ByteRange range) => [];

        public void Dispose()
        {
        }
    }
}
