using System.Text.Json.Nodes;
using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Qemu;
using HyperVBackup.Qemu.Qmp;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Qemu;

/// <summary>Whatever becomes of the bitmap or the disk between two backups, changes are Lost, with the reason, and the
/// point is right; the backup after it is an incremental again.</summary>
public sealed class LostTrackingTests : IDisposable
{
    private const int MiB = 1 << 20;
    private readonly TestFolder folder = new();
    private StorageDaemon daemon;
    private TestRepository? repository;

    public LostTrackingTests()
    {
        Tool.Run("qemu-img", "create", "-q", "-f", "qcow2", folder.File("disk"), "8M");
        Tool.Run("qemu-img", "create", "-q", "-f", "qcow2", folder.File("other"), "8M");
        daemon = Serve("disk");
    }

    public void Dispose()
    {
        daemon.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task A_bitmap_of_another_granularity_is_lost() => await RequireLostAsync(
        () => Replace(granularityBytes: 32 << 10, isPersistent: false), "a granularity of 32768 bytes");

    [Fact]
    public async Task A_persistent_bitmap_is_not_ours() => await RequireLostAsync(
        () => Replace(granularityBytes: 64 << 10, isPersistent: true), "is persistent");

    [Fact]
    public async Task A_bitmap_that_nobody_saved_is_inconsistent() => await RequireLostAsync(
        () =>
        {
            Replace(granularityBytes: 64 << 10, isPersistent: true);
            Restart("disk", isPowerLoss: false);
            daemon.Write(0, 6 * MiB, 4096, 9);
            Restart("disk", isPowerLoss: true);
        },
        "is marked inconsistent");

    [Fact]
    public async Task A_bitmap_of_another_name_is_of_no_point() => await RequireLostAsync(
        () => Replace(granularityBytes: 64 << 10, isPersistent: false, name: "hvbackup-somebody"),
        "no restore point of this disk recorded the tracking id 'qemu:hvbackup-somebody:");

    [Fact]
    public async Task Several_bitmaps_are_none() => await RequireLostAsync(
        () => Run(("block-dirty-bitmap-add", Bitmap("hvbackup-somebody"))), "2 recording and 0 frozen dirty bitmaps");

    [Fact]
    public async Task A_frozen_bitmap_alone_is_lost() => await RequireLostAsync(
        () => Run(("block-dirty-bitmap-disable", Bitmap(OurBitmap()))), "0 recording and 1 frozen dirty bitmaps");

    [Fact]
    public async Task A_disk_that_was_resized_is_lost() => await RequireLostAsync(
        () =>
        {
            Run(
                ("block-export-del", new JsonObject { ["id"] = "w0", ["mode"] = "hard" }),
                ("block_resize", new JsonObject { ["node-name"] = "d0", ["size"] = 12 * MiB }),
                ("block-export-add", WritableExport()));
            daemon.Write(0, 11 * MiB, MiB, 9);
        },
        "the disk was resized from 8388608 to 12582912 bytes");

    [Fact]
    public async Task A_disk_that_was_replaced_under_its_name_is_lost() => await RequireLostAsync(
        () =>
        {
            Run(
                ("block-export-del", new JsonObject { ["id"] = "w0", ["mode"] = "hard" }),
                ("blockdev-del", new JsonObject { ["node-name"] = "d0" }),
                ("blockdev-del", new JsonObject { ["node-name"] = "f0" }),
                ("blockdev-add", File("f0", "other")),
                ("blockdev-add", Qcow2("d0", "f0")),
                ("block-export-add", WritableExport()));
            daemon.Write(0, MiB, MiB, 55);
        },
        "the disk was replaced");

    /// <summary>The node, its name and its bitmap stay, and another image is below.</summary>
    [Fact]
    public async Task A_disk_whose_image_was_exchanged_is_lost() => await RequireLostAsync(
        () =>
        {
            Run(("blockdev-add", File("f1", "other")));
            JsonObject reopened = Qcow2("d0", "f1");
            Run(("blockdev-reopen", new JsonObject { ["options"] = new JsonArray(reopened) }));
        },
        "no restore point of this disk recorded the tracking id");

    [Fact]
    public async Task A_disk_that_another_process_took_over_is_lost() => await RequireLostAsync(
        () => Restart("disk", isPowerLoss: false), "it was restarted");

    [Fact]
    public void A_node_that_is_only_a_backing_file_is_refused()
    {
        Tool.Run("qemu-img", "create", "-q", "-f", "qcow2", folder.File("above"), "8M");
        Run(("blockdev-add", File("f1", "above")));
        JsonObject above = Qcow2("d1", "f1");
        above["backing"] = "d0";
        Run(("block-export-del", new JsonObject { ["id"] = "w0", ["mode"] = "hard" }), ("blockdev-add", above));
        DiskImageException failure = Assert.Throws<DiskImageException>(() => Machine().Sources[0].Open());
        Assert.Contains("only the backing file of 'd1'", failure.Message, StringComparison.Ordinal);
        Assert.Empty(daemon.Remains());
    }

    private async Task RequireLostAsync(Action change, string reason)
    {
        repository = await TestRepository.CreateAsync(folder.File("repository"));
        daemon.Write(0, 0, 2 * MiB, 1);
        await BackUpAsync(RestorePointKind.Full);
        daemon.Write(0, MiB, 4096, 2);
        await BackUpAsync(RestorePointKind.Incremental);
        daemon.Write(0, 3 * MiB, 4096, 3);
        change();
        DiskPoint disk = await BackUpAsync(RestorePointKind.Recovered);
        Assert.Contains(reason, disk.LostReason, StringComparison.Ordinal);
        daemon.Write(0, 5 * MiB, 4096, 4);
        await BackUpAsync(RestorePointKind.Incremental);
        Assert.Empty(daemon.Remains());
        Assert.Single(daemon.Bitmaps(0));
    }

    /// <summary>Nothing writes here, so that the disk itself is what the view shows.</summary>
    private async Task<DiskPoint> BackUpAsync(RestorePointKind kind)
    {
        RestorePoint point = (await repository!.BackupAsync("v", Machine().Sources[0])).Point;
        Assert.Equal(kind, point.Disks[0].Kind);
        string restored = folder.File("restored");
        await repository.RestoreAsync(point.Id, restored, ImageFormat.Raw);
        Tool.Run("qemu-img", "compare", "-f", "raw", "-F", "raw", daemon.Address(0), restored);
        return point.Disks[0];
    }

    private QemuMachine Machine() => Machines.Open(daemon.MonitorPath, daemon.ServerPath, folder.Folder("scratch"));

    private StorageDaemon Serve(string image) => StorageDaemon.Start(folder, [(folder.File(image), "qcow2")]);

    private void Restart(string image, bool isPowerLoss)
    {
        if (isPowerLoss)
        {
            daemon.Kill();
        }
        else
        {
            daemon.Quit();
        }

        daemon = Serve(image);
    }

    private string OurBitmap() => daemon.Bitmaps(0).Single().Name;

    private void Replace(int granularityBytes, bool isPersistent, string? name = null)
    {
        string ours = OurBitmap();
        JsonObject added = Bitmap(name ?? ours);
        added["granularity"] = granularityBytes;
        added["persistent"] = isPersistent;
        Run(("block-dirty-bitmap-remove", Bitmap(ours)), ("block-dirty-bitmap-add", added));
    }

    private static JsonObject WritableExport() => new()
    {
        ["type"] = "nbd", ["id"] = "w0", ["name"] = "w0", ["node-name"] = "d0", ["writable"] = true,
    };

    private static JsonObject Bitmap(string name) => new() { ["node"] = "d0", ["name"] = name };

    private JsonObject File(string node, string name) => new()
    {
        ["driver"] = "file", ["node-name"] = node, ["filename"] = folder.File(name),
    };

    private static JsonObject Qcow2(string node, string file) => new()
    {
        ["driver"] = "qcow2", ["node-name"] = node, ["file"] = file, ["discard"] = "unmap",
    };

    private void Run(params (string Command, JsonObject Arguments)[] commands)
    {
        using QmpClient client = daemon.Connect();
        foreach ((string command, JsonObject arguments) in commands)
        {
            client.Execute(command, arguments);
        }
    }
}
