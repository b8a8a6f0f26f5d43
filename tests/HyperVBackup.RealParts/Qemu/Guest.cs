using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Qemu;

/// <summary>A small Linux in qemu-system-x86_64, whose disk is a VHDX with ext4: see guest-init.sh. Thread-safe.
/// </summary>
internal sealed class Guest : IDisposable
{
    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(120);
    private readonly Process process;
    private readonly List<string> said = [];
    private readonly AutoResetEvent heard = new(false);

    /// <param name="mode">"write" or "database" until it is killed, or "check" what is there and end.</param>
    public Guest(TestFolder folder, string imagePath, string mode)
    {
        MonitorPath = folder.File("qmp-" + mode);
        File.Delete(MonitorPath);
        string[] arguments =
        [
            "-accel", "tcg", "-m", "192", "-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio",
            "-kernel", Part("kernel"), "-initrd", Part("initrd"),
            "-append", $"console=ttyS0 quiet panic=-1 mode={mode}",
            "-blockdev", $"driver=file,filename={imagePath},node-name=f0",
            "-blockdev", "driver=vhdx,file=f0,node-name=d0",
            "-device", "virtio-blk-pci,drive=d0,id=vd",
            "-qmp", $"unix:{MonitorPath},server=on,wait=off",
        ];
        process = Process.Start(new ProcessStartInfo("qemu-system-x86_64", arguments)
        {
            RedirectStandardOutput = true,
        })!;
        process.OutputDataReceived += (_, line) => Hear(line.Data);
        process.BeginOutputReadLine();
    }

    public string MonitorPath { get; }

    /// <summary>The last number that it said was flushed; 0 before the first.</summary>
    public int LastFlushed()
    {
        lock (said)
        {
            return said.Select(line => Number(line, "GUEST flushed (\\d+)")).OfType<int>().LastOrDefault();
        }
    }

    /// <summary>Waits until it has flushed a number.</summary>
    public void WaitFor(int number) => WaitFor(last => last >= number);

    /// <summary>Waits until it has flushed something at a moment when a condition holds.</summary>
    public void WaitFor(Func<int, bool> isEnough)
    {
        Stopwatch waiting = Stopwatch.StartNew();
        while (LastFlushed() == 0 || !isEnough(LastFlushed()))
        {
            Assert.True(waiting.Elapsed < TimeMax && !process.HasExited && heard.WaitOne(TimeMax), All());
        }
    }

    /// <summary>Waits until it ended by itself.</summary>
    /// <returns>The last number that it found, all files or pages of which are good.</returns>
    public int WaitForCheck()
    {
        Assert.True(process.WaitForExit(TimeMax), All());
        process.WaitForExit(); // until all was heard
        int? found = Number(All(), "GUEST found (\\d+) with 0 bad (files|pages)");
        Assert.True(found is not null, All());
        return found.Value;
    }

    /// <summary>Power loss.</summary>
    public void Kill()
    {
        process.Kill();
        process.WaitForExit();
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            Kill();
        }

        process.Dispose();
        heard.Dispose();
    }

    private void Hear(string? line)
    {
        lock (said)
        {
            said.Add(line ?? "");
        }

        heard.Set();
    }

    private string All()
    {
        lock (said)
        {
            return string.Join('\n', said);
        }
    }

    private static int? Number(string line, string pattern)
    {
        Match match = Regex.Match(line, pattern);
        return match.Success ? int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : null;
    }

    private static string Part(string name)
    {
        string? at = AppContext.BaseDirectory;
        while (at is not null && !File.Exists(Path.Join(at, "HyperVBackup.sln")))
        {
            at = Path.GetDirectoryName(at);
        }

        string path = Path.Join(at, "artifacts", "guest", name);
        Assert.True(File.Exists(path), $"'{path}' is missing: .ci/make-guest makes it.");
        return path;
    }
}
