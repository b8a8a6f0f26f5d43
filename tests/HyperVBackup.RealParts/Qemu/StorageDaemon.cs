using System.Diagnostics;
using System.Globalization;
using HyperVBackup.Qemu;
using HyperVBackup.Qemu.Qmp;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Qemu;

/// <summary>A qemu-storage-daemon with disks d0, d1, …, and an NBD server at which each can be written.</summary>
internal sealed class StorageDaemon : IDisposable
{
    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(60);
    private readonly TestFolder folder;
    private readonly Process process;

    private StorageDaemon(TestFolder folder, Process process) => (this.folder, this.process) = (folder, process);

    public string MonitorPath => folder.File("qmp");

    /// <summary>A second monitor: each serves one program at a time.</summary>
    public string OtherMonitorPath => folder.File("qmp2");

    public string ServerPath => folder.File("nbd");

    /// <summary>Starts one and waits until it serves.</summary>
    /// <param name="images">Paths and formats.</param>
    /// <param name="hasServer">With an NBD server of its own; without, it has to be started, and nobody writes.</param>
    public static StorageDaemon Start(
        TestFolder folder, IReadOnlyList<(string Path, string Format)> images, bool hasServer = true)
    {
        List<string> arguments =
        [
            "--chardev", $"socket,id=c,path={folder.File("qmp")},server=on,wait=off", "--monitor", "chardev=c",
            "--chardev", $"socket,id=c2,path={folder.File("qmp2")},server=on,wait=off", "--monitor", "chardev=c2",
        ];
        if (hasServer)
        {
            arguments.AddRange(["--nbd-server", $"addr.type=unix,addr.path={folder.File("nbd")}"]);
        }

        for (int disk = 0; disk < images.Count; disk++)
        {
            string number = disk.ToString(CultureInfo.InvariantCulture);
            arguments.AddRange([
                "--blockdev", $"driver=file,node-name=f{number},filename={images[disk].Path}",
                "--blockdev", $"driver={images[disk].Format},node-name=d{number},file=f{number},discard=unmap"]);
            if (hasServer)
            {
                arguments.AddRange(
                    ["--export", $"type=nbd,id=w{number},name=w{number},node-name=d{number},writable=on"]);
            }
        }

        foreach (string socket in new[] { folder.File("qmp"), folder.File("qmp2"), folder.File("nbd") })
        {
            File.Delete(socket);
        }

        Process process = Process.Start(new ProcessStartInfo("qemu-storage-daemon", arguments)
        {
            RedirectStandardError = true, // clients that were killed
        })!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        StorageDaemon daemon = new(folder, process);
        daemon.WaitUntilItServes();
        return daemon;
    }

    /// <summary>Writes one byte over and over, as a guest would.</summary>
    public void Write(int disk, long offsetBytes, long lengthBytes, int pattern) => Command(
        disk, string.Create(CultureInfo.InvariantCulture, $"write -q -P {pattern % 256} {offsetBytes} {lengthBytes}"));

    /// <summary>Runs a command of qemu-io.</summary>
    public void Command(int disk, string command) => Tool.RunWithInput("qemu-io", command, "-f", "raw", Address(disk));

    public string Address(int disk) =>
        string.Create(CultureInfo.InvariantCulture, $"nbd+unix:///w{disk}?socket={ServerPath}");

    /// <summary>A monitor connection of the test's own.</summary>
    public QmpClient Connect() => Connect(MonitorPath);

    /// <summary>One beside a backup that is going on.</summary>
    public QmpClient ConnectBeside() => Connect(OtherMonitorPath);

    /// <summary>Power loss.</summary>
    public void Kill()
    {
        process.Kill();
        process.WaitForExit();
    }

    /// <summary>Ends it in order, so that images are closed.</summary>
    public void Quit()
    {
        using (QmpClient client = Connect())
        {
            client.Try("quit");
        }

        process.WaitForExit();
    }

    /// <summary>What of a backup is left, but the bitmaps that track.</summary>
    public IEnumerable<string> Remains()
    {
        using QmpClient client = Connect();
        string[] told =
        [
            .. client.Execute("query-named-block-nodes").Items("nodes").Select(node => node.RequiredText("node-name")),
            .. client.Execute("query-jobs").Items("jobs").Select(job => job.RequiredText("id")),
            .. client.Execute("query-block-jobs").Items("jobs").Select(job => job.RequiredText("device")),
            .. client.Execute("query-block-exports").Items("exports").Select(export => export.RequiredText("id")),
        ];
        return told.Where(name => !(name.Length == 2 && name[0] is 'd' or 'f' or 'w'));
    }

    /// <summary>The dirty bitmaps of a disk.</summary>
    public IReadOnlyList<MachineBitmap> Bitmaps(int disk)
    {
        using QmpClient client = Connect();
        string name = string.Create(CultureInfo.InvariantCulture, $"d{disk}");
        return MachineNode.Find(MachineNode.ReadAll(client), name).Bitmaps;
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            Kill();
        }

        process.Dispose();
    }

    private static QmpClient Connect(string path) =>
        QmpClient.Open(PeerAddress.Parse(path), TimeProvider.System, TimeMax);

    private void WaitUntilItServes()
    {
        Stopwatch waiting = Stopwatch.StartNew();
        while (!process.HasExited && waiting.Elapsed < TimeMax)
        {
            if (File.Exists(MonitorPath) && File.Exists(OtherMonitorPath))
            {
                using QmpClient client = Connect();
                return;
            }

            Thread.Yield();
        }

        Assert.Fail("qemu-storage-daemon did not start");
    }
}
