using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Qemu;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Qemu;

/// <summary>The monitor's connection fails at every command of a backup, in three ways; the hypervisor goes on, and
/// so does its guest.</summary>
public sealed class CutMonitorTests : IDisposable
{
    private const int MiB = 1 << 20;
    private const int StepCountMax = 200;
    private readonly TestFolder folder = new();
    private StorageDaemon? started;
    private bool ownsServer;

    /// <summary>What was written since the state that an id stands for, of every id that a point could have recorded.
    /// </summary>
    private readonly Dictionary<string, List<long>> writtenSince = [];
    private List<long> writtenSinceView = [];
    private int writeCount;
    private int knownCount;

    public CutMonitorTests()
    {
        NoiseDisk.Create(folder.File("disk"), 8 * MiB, seed: 1);
        folder.Folder("scratch");
    }

    public static TheoryData<CutKind, bool, bool> Cuts => new()
    {
        { CutKind.Before, true, false }, { CutKind.After, true, false }, { CutKind.Amid, true, false },
        { CutKind.Before, false, false }, { CutKind.After, false, false },
        { CutKind.Before, true, true }, { CutKind.After, true, true }, { CutKind.After, false, true },
    };

    private StorageDaemon Daemon => started!;

    public void Dispose()
    {
        started?.Dispose();
        folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Cuts))]
    public void Nothing_is_left_and_no_change_is_missed(CutKind kind, bool comesBack, bool startsServer)
    {
        ownsServer = startsServer;
        started = StorageDaemon.Start(folder, [(folder.File("disk"), "raw")], hasServer: !startsServer);
        string monitor = folder.File("cut");
        BackUp(Daemon.MonitorPath, isDead: false);
        int step = 1;
        for (bool isCut = true; isCut; step++)
        {
            Assert.InRange(step, 1, StepCountMax);
            Write();
            using (CutMonitor cut = new(monitor, Daemon.MonitorPath, step, kind, comesBack))
            {
                BackUp(monitor, isDead: true);
                isCut = cut.IsCut;
            }

            if (comesBack)
            {
                RequireNothingLeft();
            }

            Write();
            BackUp(Daemon.MonitorPath, isDead: false);
            RequireNothingLeft();
            Assert.Single(Daemon.Bitmaps(0), bitmap => bitmap.IsRecording);
        }

        Assert.InRange(step, 20, StepCountMax);
        Assert.InRange(knownCount, step, 3 * step);
    }

    private void RequireNothingLeft()
    {
        Assert.Empty(Daemon.Remains());
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.File("scratch")));
        Assert.InRange(Daemon.Bitmaps(0).Count, 0, 2);
    }

    /// <param name="isDead">Whether its connection is cut, so that it may fail.</param>
    private void BackUp(string monitorPath, bool isDead)
    {
        QemuMachine machine = Machines.Open(
            monitorPath, ownsServer ? null : Daemon.ServerPath, folder.File("scratch"), isDead: isDead);
        try
        {
            using IDiskView view = machine.Sources[0].Open();
            List<long> since = writtenSinceView = [];
            Require(view.Changes, machine.Sources[0].Since);
            Write();
            view.Disk.Read(0, new byte[MiB]);
            writtenSince[view.Seal()!] = since;
            view.Confirm();
        }
        catch (DiskImageException) when (isDead)
        {
            // What it left is taken down by the next one.
        }
    }

    /// <summary>Where no point recorded the id, or changes are lost, all is read; else every write is told.</summary>
    private void Require(DiskChanges changes, string? id)
    {
        if (changes is not DiskChanges.Known known || !writtenSince.TryGetValue(id!, out List<long>? written))
        {
            return;
        }

        knownCount++;
        ByteRange[] ranges = known.Ranges.Ranges.ToArray();
        Assert.All(written, at => Assert.Contains(ranges, range => range.StartBytes <= at && at < range.EndBytes));
        Assert.InRange(known.Ranges.TotalBytes, 0, 2 * MiB);
    }

    /// <summary>Only where a server runs between backups can anybody write.</summary>
    private void Write()
    {
        if (ownsServer)
        {
            return;
        }

        writeCount++;
        long offsetBytes = writeCount * 7919L % 128 * (64 << 10);
        foreach (List<long> written in writtenSince.Values.Append(writtenSinceView).Distinct())
        {
            written.Add(offsetBytes);
        }

        Daemon.Write(0, offsetBytes, 4096, writeCount);
    }
}
