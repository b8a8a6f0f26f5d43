using System.Runtime.ExceptionServices;
using HyperVBackup.Hosts.VolumeSnapshots;

namespace HyperVBackup.Hosts.Batches;

/// <summary>
/// Machines that are held at once: first each gets its checkpoint, then each volume that any is on gets one snapshot,
/// then the checkpoints go, and the machines are read from the snapshots. A machine that builds on more images than one
/// a disk, or of which a volume has no snapshot, is read from its checkpoint, which stays until then. Disposed when all
/// are read: the snapshots go. Not thread-safe.
/// </summary>
public sealed class MachineBatch : IDisposable
{
    private readonly HostEnvironment environment;
    private readonly IVolumeSnapshots volumes;
    private readonly SnapshotNotes notes;
    private readonly Dictionary<HostVolume, string> snapshots = [];
    private readonly Dictionary<HostedMachine, HostException> failures = [];
    private readonly IReadOnlyList<HostedMachine> machines;

    private MachineBatch(
        IReadOnlyList<HostedMachine> machines, HostEnvironment environment, IVolumeSnapshots volumes,
        SnapshotNotes notes)
    {
        (this.machines, this.environment, this.volumes, this.notes) = (machines, environment, volumes, notes);
    }

    /// <summary>How many snapshots there are: at most one of each volume.</summary>
    public int SnapshotCount => snapshots.Count;

    /// <summary>How many of the machines are read from snapshots.</summary>
    public int ReleasedCount { get; private set; }

    /// <summary>Takes what an earlier batch left away, and makes checkpoints and snapshots. Machines that fail are told
    /// of by <see cref="FailureOf"/>; the others go on.</summary>
    /// <param name="owner">As <see cref="HostOptions.Owner"/>.</param>
    /// <exception cref="HostException">Another batch of the owner goes on.</exception>
    public static MachineBatch Begin(
        IReadOnlyList<HostedMachine> machines, HostEnvironment environment, IVolumeSnapshots volumes, string owner)
    {
        ArgumentNullException.ThrowIfNull(machines);
        ArgumentNullException.ThrowIfNull(environment);
        MachineBatch batch = new(
            machines, environment, volumes, SnapshotNotes.Open(environment, owner, volumes));
        try
        {
            batch.Begin();
            return batch;
        }
        catch
        {
            batch.Dispose();
            throw;
        }
    }

    /// <summary>Why a machine has no checkpoint; null where it has one, and can be backed up.</summary>
    public HostException? FailureOf(HostedMachine machine) => failures.GetValueOrDefault(machine);

    public void Dispose()
    {
        Exception? unforeseen = null;
        try
        {
            foreach (HostedMachine machine in machines)
            {
                unforeseen = TryDrop(machine) ?? unforeseen;
            }

            notes.DeleteAll();
        }
        finally
        {
            notes.Dispose();
        }

        if (unforeseen is not null)
        {
            ExceptionDispatchInfo.Throw(unforeseen);
        }
    }

    /// <summary>Whatever befalls one machine, the others are let go.</summary>
    /// <returns>What is wrong with this program; null for all else, which is warned of.</returns>
    private Exception? TryDrop(HostedMachine machine)
    {
        try
        {
            machine.Drop();
            return null;
        }
        catch (Exception failure) when (failure
            is HostException or IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            environment.Warn($"'{machine.Name}': {failure.Message} The next backup takes away what is left.");
            return null;
        }
        catch (Exception failure)
        {
            return failure;
        }
    }

    private void Begin()
    {
        foreach (HostedMachine machine in machines)
        {
            try
            {
                machine.Hold();
            }
            catch (HostException failure)
            {
                failures.Add(machine, failure);
            }
        }

        List<(HostedMachine Machine, List<HostVolume> Volumes)> movable = [.. machines
            .Where(machine => !failures.ContainsKey(machine))
            .Select(machine => (machine, VolumesOf(machine))).Where(found => found.Item2.Count > 0)];
        foreach (HostVolume volume in movable.SelectMany(found => found.Volumes).Distinct())
        {
            Snapshot(volume);
        }

        foreach ((HostedMachine machine, List<HostVolume> on) in movable)
        {
            if (on.TrueForAll(snapshots.ContainsKey))
            {
                Release(machine);
            }
        }
    }

    /// <summary>None where one cannot be told, or something else can change what is read.</summary>
    private List<HostVolume> VolumesOf(HostedMachine machine)
    {
        try
        {
            return machine.IsMovable() ? [.. machine.HeldFiles().Select(volumes.VolumeOf).Distinct()] : [];
        }
        catch (HostException failure)
        {
            environment.Warn($"'{machine.Name}' is read from its checkpoint: {failure.Message}");
            return [];
        }
    }

    private void Snapshot(HostVolume volume)
    {
        try
        {
            snapshots.Add(volume, notes.Create(volume));
        }
        catch (HostException failure)
        {
            environment.Warn(
                $"The machines on volume '{volume.Name}' are read from their checkpoints: {failure.Message}");
        }
    }

    private void Release(HostedMachine machine)
    {
        try
        {
            machine.ReadFrom(path => volumes.PathIn(snapshots[volumes.VolumeOf(path)], path));
            ReleasedCount++;
        }
        catch (HostException failure)
        {
            environment.Warn($"'{machine.Name}' is read from its checkpoint: {failure.Message}");
        }
    }
}
