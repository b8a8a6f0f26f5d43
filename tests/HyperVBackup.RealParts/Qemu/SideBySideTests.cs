using System.Text.Json.Nodes;
using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Qemu;
using HyperVBackup.Qemu.Qmp;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Qemu;

/// <summary>What others do to a machine while it is backed up.</summary>
public sealed class SideBySideTests : IDisposable
{
    private readonly TestFolder folder = new();
    private readonly StorageDaemon daemon;

    public SideBySideTests()
    {
        NoiseDisk.Create(folder.File("disk"), 2 << 20, seed: 1);
        daemon = StorageDaemon.Start(folder, [(folder.File("disk"), "raw")]);
        folder.Folder("scratch");
    }

    public void Dispose()
    {
        daemon.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void A_view_that_ended_while_it_was_read_is_not_sealed()
    {
        using (IDiskView view = Machine(daemon.MonitorPath).Sources[0].Open())
        {
            using QmpClient other = daemon.ConnectBeside();
            string job = other.Execute("query-jobs").Items("jobs").Single().RequiredText("id");
            other.Execute("job-cancel", new JsonObject { ["id"] = job });
            other.WaitFor("JOB_STATUS_CHANGE", data => data.Text("status") == "null");
            DiskImageException failure = Assert.Throws<DiskImageException>(view.Seal);
            Assert.Contains("ended while it was read", failure.Message, StringComparison.Ordinal);
        }

        Assert.Empty(daemon.Remains());
    }

    [Fact]
    public void A_machine_is_not_backed_up_twice_at_once()
    {
        using (IDiskView view = Machine(daemon.MonitorPath, isAnotherProcess: true).Sources[0].Open())
        {
            DiskImageException failure =
                Assert.Throws<DiskImageException>(Machine(daemon.OtherMonitorPath).Sources[0].Open);
            Assert.Contains("is backing this machine up", failure.Message, StringComparison.Ordinal);
            view.Disk.Read(0, new byte[4096]);
            view.Seal();
            view.Confirm();
        }

        using IDiskView next = Machine(daemon.OtherMonitorPath).Sources[0].Open();
        Assert.IsType<DiskChanges.Known>(next.Changes);
    }

    [Fact]
    public void A_server_that_runs_for_others_is_named_or_left_alone()
    {
        DiskImageException failure = Assert.Throws<DiskImageException>(
            Machines.Open(daemon.MonitorPath, null, folder.File("scratch")).Sources[0].Open);
        Assert.Contains("Name one that runs with --nbd", failure.Message, StringComparison.Ordinal);
        Assert.Empty(daemon.Remains());
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.File("scratch")));
        daemon.Write(0, 0, 4096, 1); // it still serves
    }

    [Fact]
    public void What_is_read_again_after_an_end_is_of_another_moment()
    {
        QemuMachine machine = Machine(daemon.MonitorPath);
        byte[] before = new byte[4096];
        using (IDiskView view = machine.Sources[0].Open())
        {
            daemon.Write(0, 0, 4096, 77);
            view.Disk.Read(0, before);
            Assert.Throws<InvalidOperationException>(machine.Sources[0].Open);
        }

        byte[] after = new byte[4096];
        using IDiskView again = machine.Sources[0].Open();
        again.Disk.Read(0, after);
        Assert.All(after, value => Assert.Equal(77, value));
        Assert.NotEqual(before, after);
    }

    /// <summary>While file systems are frozen, say.</summary>
    [Fact]
    public void An_image_that_is_put_above_a_disk_after_it_was_looked_at_is_seen()
    {
        Tool.Run("qemu-img", "create", "-q", "-f", "qcow2", folder.File("above"), "2M");
        int count = 0;
        QemuMachine machine = Machine(daemon.MonitorPath, randomness: bytes =>
        {
            System.Security.Cryptography.RandomNumberGenerator.Fill(bytes);
            if (count++ == 1) // the name of the new bitmap
            {
                PutAbove();
            }
        });
        DiskImageException failure = Assert.Throws<DiskImageException>(machine.Sources[0].Open);
        Assert.Contains("only the backing file of 'd1'", failure.Message, StringComparison.Ordinal);
        Assert.Empty(daemon.Remains());
        Assert.Empty(daemon.Bitmaps(0));
    }

    private void PutAbove()
    {
        using QmpClient other = daemon.ConnectBeside();
        other.Execute("block-export-del", new JsonObject { ["id"] = "w0", ["mode"] = "hard" });
        other.Execute("blockdev-add", new JsonObject
        {
            ["driver"] = "file", ["node-name"] = "f1", ["filename"] = folder.File("above"),
        });
        other.Execute("blockdev-add", new JsonObject
        {
            ["driver"] = "qcow2", ["node-name"] = "d1", ["file"] = "f1", ["backing"] = "d0",
        });
    }

    private QemuMachine Machine(
        string monitorPath, bool isAnotherProcess = false, RandomBytes? randomness = null) => new(
        new QemuOptions
        {
            Monitor = PeerAddress.Parse(monitorPath),
            Server = PeerAddress.Parse(daemon.ServerPath),
            ScratchFolder = folder.File("scratch"),
            Nodes = ["d0"],
        },
        new QemuEnvironment
        {
            Clock = TimeProvider.System,
            Randomness = randomness ?? System.Security.Cryptography.RandomNumberGenerator.Fill,
            ProcessId = (uint)Environment.ProcessId + (isAnotherProcess ? 1u : 0u),
            IsProcessAlive = _ => true,
        });
}
