using HyperVBackup.Disks;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Operations.Tests.Backup;

/// <summary>Packs, then the seal, then the point, then the confirmation; and what happens when one of them fails.
/// </summary>
public sealed class BackupOrderTests
{
    private readonly MemoryStore store = new();
    private readonly List<string> events = [];
    private readonly MemoryDisk first = Content.RandomDisk(5 * Bench.ChunkSizeBytes, 1);
    private readonly MemoryDisk second = Content.RandomDisk(3 * Bench.ChunkSizeBytes, 2);

    [Fact]
    public async Task Packs_are_durable_before_the_seal_and_the_point_before_the_confirmation()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        store.After = call =>
        {
            if (call.Kind is StoreCallKind.Publish or StoreCallKind.Put)
            {
                events.Add(call.Name[..call.Name.IndexOf('/')]);
            }
        };
        TestSource source = new(first) { Id = "t1", Step = events.Add };
        await bench.BackupAsync(new DiskRequest("disk", source));
        Assert.Equal(
            ["leases", "Open", "packs", "maps", "mirror", "Seal", "points", "mirror", "Confirm", "Dispose"], events);
        Assert.True(first.IsDisposed);
    }

    [Theory]
    [InlineData("Open")]
    [InlineData("Seal")]
    public async Task A_source_that_fails_before_the_point_leaves_none_and_all_are_abandoned(string step)
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        TestSource good = new(first) { Id = "t1" };
        TestSource bad = new(second) { Id = "t1", Step = FailAt(step) };
        await Assert.ThrowsAsync<DiskImageException>(() =>
            bench.BackupAsync(new DiskRequest("good", good), new DiskRequest("bad", bad)));
        Assert.Empty(await bench.PointsAsync());
        Assert.Equal(["Abandon", "Dispose"], good.Steps[^2..]);
        Assert.DoesNotContain("Confirm", good.Steps.Concat(bad.Steps));
        Assert.Equal(step == "Open" ? ["Open"] : ["Open", "Seal", "Abandon", "Dispose"], bad.Steps);
        RequireNothingLeft();
    }

    [Fact]
    public async Task A_confirmation_that_fails_keeps_the_point_and_keeps_no_other_from_being_confirmed()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        TestSource bad = new(first) { Id = "t1", Step = FailAt("Confirm") };
        TestSource good = new(second) { Id = "t1" };
        await Assert.ThrowsAsync<DiskImageException>(() =>
            bench.BackupAsync(new DiskRequest("bad", bad), new DiskRequest("good", good)));
        Assert.Single(await bench.PointsAsync());
        Assert.Equal(["Open", "Seal", "Confirm", "Dispose"], bad.Steps);
        Assert.Equal(["Open", "Seal", "Confirm", "Dispose"], good.Steps);
    }

    [Theory]
    [InlineData("Abandon")]
    [InlineData("Dispose")]
    public async Task A_source_that_cannot_even_be_abandoned_keeps_no_other_from_it(string step)
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        TestSource bad = new(first)
        {
            Id = "t1",
            Step = at =>
            {
                if (at == "Seal" || at == step)
                {
                    throw new DiskImageException($"failed at {at}");
                }
            },
        };
        TestSource good = new(second) { Id = "t1" };
        await Assert.ThrowsAsync<DiskImageException>(() =>
            bench.BackupAsync(new DiskRequest("bad", bad), new DiskRequest("good", good)));
        Assert.Equal(["Open", "Seal", "Abandon", "Dispose"], bad.Steps);
        Assert.Equal(["Open", "Abandon", "Dispose"], good.Steps);
    }

    [Fact]
    public async Task A_disk_that_cannot_be_read_leaves_no_point()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        first.BeforeRead = _ => throw new DiskImageException("bad sector");
        TestSource source = new(first) { Id = "t1" };
        await Assert.ThrowsAsync<DiskImageException>(() => bench.BackupAsync(new DiskRequest("disk", source)));
        Assert.Empty(await bench.PointsAsync());
        Assert.Equal(["Open", "Abandon", "Dispose"], source.Steps);
        RequireNothingLeft();
    }

    [Theory]
    [InlineData("packs/", StoreCallKind.Publish)]
    [InlineData("maps/", StoreCallKind.Publish)]
    [InlineData("mirror/maps/", StoreCallKind.Publish)]
    [InlineData("points/", StoreCallKind.Put)]
    public async Task A_store_that_fails_before_the_point_leaves_none(string folder, StoreCallKind kind)
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        bool hasFailed = false;
        store.Before = call =>
        {
            if (!hasFailed && call.Kind == kind && call.Name.StartsWith(folder, StringComparison.Ordinal))
            {
                hasFailed = true;
                throw new StoreException("full");
            }
        };
        TestSource source = new(first) { Id = "t1" };
        await Assert.ThrowsAsync<StoreException>(() => bench.BackupAsync(new DiskRequest("disk", source)));
        Assert.True(hasFailed);
        Assert.Empty(await bench.PointsAsync());
        Assert.Equal(["Abandon", "Dispose"], source.Steps[^2..]);
        RequireNothingLeft();
        BackupReport again = await bench.BackupAsync(new DiskRequest("disk", new TestSource(first.Snapshot())));
        Assert.Equal(first.Bytes, await bench.ReadAsync(again.Point.Id, "disk"));
    }

    [Theory]
    [InlineData("mirror/points/", StoreCallKind.Put)]
    [InlineData("leases/", StoreCallKind.Delete)]
    public async Task What_fails_after_the_point_is_published_does_not_abandon_it(string folder, StoreCallKind kind)
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        store.Before = call =>
        {
            if (call.Kind == kind && call.Name.StartsWith(folder, StringComparison.Ordinal))
            {
                throw new StoreException("full");
            }
        };
        TestSource source = new(first) { Id = "t1" };
        Exception? told = await Record.ExceptionAsync(() => bench.BackupAsync(new DiskRequest("disk", source)));
        Assert.True(told is null or StoreException);
        store.Before = null;
        Assert.Single(await bench.PointsAsync());
        Assert.Equal(["Open", "Seal", "Confirm", "Dispose"], source.Steps);
    }

    [Fact]
    public async Task A_disk_without_a_byte_is_refused_in_words()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        DiskImageException refusal = await Assert.ThrowsAsync<DiskImageException>(() =>
            bench.BackupAsync(new DiskRequest("disk", new TestSource(new MemoryDisk(0)))));
        Assert.Contains("empty", refusal.Message, StringComparison.Ordinal);
        RequireNothingLeft();
    }

    [Theory]
    [InlineData("Two disks", "a", "A")]
    [InlineData("cannot name a disk", "a/b", "c")]
    [InlineData("cannot name a disk", "..", "c")]
    public async Task Disks_that_cannot_be_named_are_refused_before_anything_is_opened(
        string complaint, string one, string other)
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        TestSource source = new(first);
        ArgumentException refusal = await Assert.ThrowsAsync<ArgumentException>(() =>
            bench.BackupAsync(new DiskRequest(one, source), new DiskRequest(other, source)));
        Assert.Contains(complaint, refusal.Message, StringComparison.Ordinal);
        Assert.Empty(source.Steps);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(100.5)]
    [InlineData(double.NaN)]
    public async Task An_audit_that_is_no_percentage_is_refused(double percent)
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        bench.AuditPercent = percent;
        await Assert.ThrowsAsync<ArgumentException>(() =>
            bench.BackupAsync(new DiskRequest("disk", new TestSource(first))));
    }

    [Fact]
    public async Task A_tracking_id_that_cannot_be_stored_is_not_recorded_and_said_so()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        TestSource source = new(first) { Id = new string('x', 5000) };
        BackupReport report = await bench.BackupAsync(new DiskRequest("disk", source));
        Assert.Null(report.Point.Disks[0].TrackingId);
        Assert.Contains("tracking id", Assert.Single(report.Warnings), StringComparison.Ordinal);
    }

    private void RequireNothingLeft()
    {
        Assert.Equal(0, store.TemporaryCount);
        Assert.DoesNotContain(store.Names, name => name.Path.StartsWith("leases/", StringComparison.Ordinal));
    }

    private static Action<string> FailAt(string step) => at =>
    {
        if (at == step)
        {
            throw new DiskImageException($"failed at {at}");
        }
    };
}
