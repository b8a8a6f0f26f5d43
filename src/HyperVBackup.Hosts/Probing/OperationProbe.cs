using System.Globalization;
using System.Runtime.InteropServices;
using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Hosts.Checkpoints;

namespace HyperVBackup.Hosts.Probing;

/// <summary>
/// Finds what tracking tells after something was done to a machine that may be lost: a resize, a compaction, a
/// checkpoint that was applied, a migration, a crash of its host. Before it, what the disks hold is noted, and one
/// reference point stays; after it, what differs is compared with what the next backup would believe, and the reference
/// point goes.
/// </summary>
public static class OperationProbe
{
    /// <summary>Whose the reference point is.</summary>
    public const string Owner = "operation-probe";

    private const int Point = 5;

    /// <summary>To be called before. What was noted earlier is forgotten.</summary>
    /// <exception cref="HostException">Not each disk is tracked, or the host refuses.</exception>
    /// <exception cref="DiskImageException">A disk cannot be read.</exception>
    public static void Begin(Guid machine, HostEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ProbeRounds rounds = new(Owner, machine, environment);
        using ICheckpointJournal journal = OpenNotes(machine, environment);
        using MachineSnapshot snapshot = rounds.Take();
        try
        {
            byte[][] hashes = [.. snapshot.Disks.Select(disk => BlockHashes.Of(disk.Disk).ToBytes())];
            string[] identities = [.. snapshot.Disks.Select(disk => disk.Key.Identity)];
            rounds.Seal(snapshot, ids => journal.Write(ids.Length == hashes.Length
                ? new OperationNotes([.. ids.Select((id, index) =>
                    new NotedDisk(identities[index], id, hashes[index]))]).ToText()
                : throw new HostException("Not each disk has a tracking id of its own: there is nothing to try.")));
        }
        finally
        {
            snapshot.Abandon();
        }
    }

    /// <summary>To be called after. Where it fails, it can be called again.</summary>
    /// <exception cref="HostException">Nothing was noted, or the host refuses.</exception>
    /// <exception cref="DiskImageException">A disk cannot be read.</exception>
    public static ProbePoint End(Guid machine, HostEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        using ICheckpointJournal journal = OpenNotes(machine, environment);
        OperationNotes notes = journal.Read() is { } text && OperationNotes.Parse(text) is { Disks.Count: > 0 } found
            ? found
            : throw new HostException("Nothing is noted of the machine: begin with --before.");
        ProbeRounds rounds = new(Owner, machine, environment, notes.Disks.Select(disk => disk.TrackingId));
        ProbePoint point;
        using (MachineSnapshot snapshot = rounds.Take())
        {
            try
            {
                point = Judge([.. from disk in snapshot.Disks
                                  let noted = notes.Disks.FirstOrDefault(noted => noted.Identity == disk.Key.Identity)
                                  where noted is not null
                                  select Compare(disk, noted)]);
            }
            finally
            {
                snapshot.Abandon();
            }
        }

        rounds.Clean();
        journal.Write("");
        return point;
    }

    private static ICheckpointJournal OpenNotes(Guid machine, HostEnvironment environment) =>
        environment.Journals.Open(Owner + "-before", machine);

    private static ProbePoint Judge(IReadOnlyList<(ProbeResult Result, string Detail)> found)
    {
        ProbeResult result = found.Any(disk => disk.Result == ProbeResult.DoesNotHold) ? ProbeResult.DoesNotHold
            : found.Any(disk => disk.Result == ProbeResult.Holds) ? ProbeResult.Holds
            : ProbeResult.NotAsked;
        return new ProbePoint(Point, ProbeReport.HopeOf(Point), result, found.Count == 0
            ? "None of the disks that were noted is there any more."
            : string.Join(" ", found.Select(disk => disk.Detail)));
    }

    private static (ProbeResult Result, string Detail) Compare(SnapshotDisk disk, NotedDisk noted)
    {
        string name = HostPath.FileName(disk.Disk.Description);
        if (disk.Changes is DiskChanges.Lost lost)
        {
            return (ProbeResult.Holds,
                $"'{name}': the next backup would compare all of it, as {lost.Reason}; {Asked(disk, noted)}.");
        }

        BlockHashes now = BlockHashes.Of(disk.Disk);
        BlockHashes before = BlockHashes.From(noted.Hashes);
        if (!now.IsOfSameSize(before))
        {
            return (ProbeResult.DoesNotHold, $"'{name}': changes are told, though its size is another one.");
        }

        IReadOnlyList<long> differing = now.Differing(before);
        List<ByteRange> told =
            [.. MemoryMarshal.ToEnumerable(((DiskChanges.Known)disk.Changes).Ranges.Ranges)];
        int untold = differing.Count(block => !BlockHashes.IsIn(block, told));
        return differing.Count == 0
            ? (ProbeResult.NotAsked, $"'{name}': nothing changed; have the guest write.")
            : (untold == 0 ? ProbeResult.Holds : ProbeResult.DoesNotHold, string.Create(
                CultureInfo.InvariantCulture,
                $"'{name}': {differing.Count} blocks changed, {untold} of them untold."));
    }

    /// <summary>Whatever is made of it: what the host says when it is asked.</summary>
    private static string Asked(SnapshotDisk disk, NotedDisk noted)
    {
        try
        {
            disk.Disk.OnHost.QueryChanges(noted.TrackingId, 0, disk.Disk.VirtualSizeBytes);
            return "asked, the host tells changes";
        }
        catch (HostException failure)
        {
            return $"asked, the host refuses: {failure.Message.TrimEnd('.')}";
        }
    }
}
