using System.Globalization;
using System.Runtime.InteropServices;
using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Hosts.Checkpoints;
using HyperVBackup.Hosts.Machines;
using HyperVBackup.Hosts.VirtualDisks;

namespace HyperVBackup.Hosts.Probing;

/// <summary>
/// Tries on a machine what no documentation settles, by three backups that go nowhere: what each checkpoint's disks
/// held is compared with what the host tells. The machine is one that may be lost, and its guest should write. Of the
/// probe nothing stays on the host, whatever happens, but where the host refuses to remove it.
/// </summary>
public sealed class HostProbe
{
    /// <summary>Whose the probe's checkpoints are.</summary>
    public const string Owner = "probe";

    private readonly Guid machine;
    private readonly ObservedCim cim;
    private readonly ProbeRounds rounds;
    private readonly ProbeReport report = new();
    private readonly List<BlockHashes> before = [];

    private HostProbe(Guid machine, HostEnvironment environment)
    {
        this.machine = machine;
        cim = new ObservedCim(environment.Cim);
        rounds = new ProbeRounds(Owner, machine, environment with { Cim = cim });
    }

    /// <summary>The nine points, in their order.</summary>
    /// <param name="environment">What it says is recorded is not asked.</param>
    public static IReadOnlyList<ProbePoint> Run(Guid machine, HostEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        return new HostProbe(machine, environment).Run();
    }

    private IReadOnlyList<ProbePoint> Run()
    {
        string why = "The machine gave no occasion.";
        report.Skip(5, "Probe --before something is done to the machine, and --after it.");
        try
        {
            RunRounds();
        }
        catch (Exception failure) when (failure is HostException or DiskImageException)
        {
            why = $"The probe ended before: {failure.Message}";
        }
        finally
        {
            rounds.Clean();
        }

        return report.Points(why);
    }

    private void RunRounds()
    {
        VirtualMachine machine = LookUp();
        string[] first = Round(machine, snapshot =>
        {
            NoteFirst(machine, snapshot);
            before.AddRange(snapshot.Disks.Select(disk => Read(disk.Disk)));
        });
        if (first.Length < before.Count)
        {
            report.Skip(1, "Not each disk has a tracking id of its own.");
            return;
        }

        Round(machine, snapshot =>
        {
            for (int position = 0; position < snapshot.Disks.Count && position < before.Count; position++)
            {
                Compare(snapshot.Disks[position], before[position], first[position]);
            }
        });
        Round(machine, snapshot =>
        {
            for (int position = 0; position < snapshot.Disks.Count && position < first.Length; position++)
            {
                AskAfterEnd(snapshot.Disks[position].Disk, first[position]);
            }
        });
    }

    private VirtualMachine LookUp()
    {
        try
        {
            VirtualMachine machine = new HostCatalog(cim).FindMachine(this.machine)
                ?? throw new HostException($"There is no machine {this.machine} on this host.");
            report.Note(8, true, "It does.");
            return machine;
        }
        catch (HostException failure) when (failure.Code != 0)
        {
            report.Note(8, false, failure.Message);
            throw;
        }
    }

    /// <summary>One backup that goes nowhere, after which its reference point is the only one of the probe's.</summary>
    /// <returns>The tracking ids of the disks; none where one of them has none.</returns>
    private string[] Round(VirtualMachine machine, Action<MachineSnapshot> look)
    {
        using MachineSnapshot snapshot = Take(machine);
        string[] told = [];
        try
        {
            look(snapshot);
            rounds.Seal(snapshot, ids => told = ids);
            return told;
        }
        finally
        {
            snapshot.Abandon();
        }
    }

    private MachineSnapshot Take(VirtualMachine machine)
    {
        try
        {
            MachineSnapshot snapshot = rounds.Take();
            bool wasNamed = !cim.Called.Contains("ModifySystemSettings");
            report.Note(2, wasNamed, wasNamed
                ? "They are, and the checkpoint had its name."
                : "The checkpoint was made under a name of the host's own.");
            return snapshot;
        }
        catch (HostException failure) when (cim.Called.Contains("CreateSnapshot"))
        {
            report.Note(machine.IsOff ? 4 : 2, false, failure.Message);
            throw;
        }
    }

    private void NoteFirst(VirtualMachine machine, MachineSnapshot snapshot)
    {
        if (snapshot.Consistency == MachineConsistency.Offline)
        {
            report.Note(4, true, "It does.");
        }
        else
        {
            report.Skip(4, "The machine was on: probe it once while it is off.");
        }

        string version = new HostCatalog(cim).LiveSettingsOf(machine).Version;
        int tracked = snapshot.Disks.Count(disk => disk.Disk.Facts.IsTracked);
        report.Note(9, tracked == snapshot.Disks.Count, string.Create(
            CultureInfo.InvariantCulture,
            $"Of configuration version {version}, {tracked} of {snapshot.Disks.Count} disks are tracked."));
    }

    private BlockHashes Read(FrozenDisk disk)
    {
        try
        {
            BlockHashes hashes = BlockHashes.Of(disk);
            report.Note(6, true, "They are read; no ranges were told.");
            return hashes;
        }
        catch (DiskImageException failure)
        {
            report.Note(6, false, failure.Message);
            throw;
        }
    }

    private void Compare(SnapshotDisk disk, BlockHashes earlier, string since)
    {
        BlockHashes now = Read(disk.Disk);
        AskAtOnce(disk.Disk, since);
        if (disk.Changes is not DiskChanges.Known known)
        {
            report.Note(1, false, $"Changes were not told: {((DiskChanges.Lost)disk.Changes).Reason}.");
            return;
        }

        List<ByteRange> ranges = [.. MemoryMarshal.ToEnumerable(known.Ranges.Ranges)];
        IReadOnlyList<long> differing = now.IsOfSameSize(earlier) ? now.Differing(earlier) : [];
        int untold = differing.Count(block => !BlockHashes.IsIn(block, ranges));
        if (differing.Count == 0)
        {
            report.Skip(1, "Nothing changed between two checkpoints: have the guest write.");
        }
        else
        {
            report.Note(1, untold == 0, string.Create(
                CultureInfo.InvariantCulture, $"{differing.Count} blocks changed, {untold} of them untold."));
        }

        NoteGrain(disk.Disk, ranges);
    }

    private void NoteGrain(FrozenDisk disk, List<ByteRange> ranges)
    {
        long grain = ranges.Aggregate(0L, (all, range) => Divisor(Divisor(all, range.StartBytes), range.LengthBytes));
        if (grain > 0)
        {
            report.Note(6, grain % disk.LogicalSectorSizeBytes == 0, string.Create(
                CultureInfo.InvariantCulture, $"They are read; ranges come in steps of {grain} bytes."));
        }
    }

    private void AskAtOnce(FrozenDisk disk, string since)
    {
        try
        {
            ulong told = disk.OnHost.QueryChanges(since, 0, disk.VirtualSizeBytes).ProcessedBytes;
            report.Note(3, told == (ulong)disk.VirtualSizeBytes, string.Create(
                CultureInfo.InvariantCulture, $"The first answer is of {told} of {disk.VirtualSizeBytes} bytes."));
        }
        catch (HostException failure)
        {
            report.Note(3, false, failure.Message);
        }
    }

    private void AskAfterEnd(FrozenDisk disk, string ended)
    {
        try
        {
            disk.OnHost.QueryChanges(ended, 0, disk.VirtualSizeBytes);
            report.Note(7, true, "Changes since then are told all the same.");
        }
        catch (HostException failure)
        {
            report.Note(7, false, failure.Message);
        }
    }

    private static long Divisor(long one, long other) => other == 0 ? one : Divisor(other, one % other);
}
