using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Batches;
using HyperVBackup.Hosts.VolumeSnapshots;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Repository;

namespace HyperVBackup.Operations.Hosted;

/// <summary>Backs many machines of a host up with one snapshot of each volume for all of them. Not thread-safe.
/// </summary>
public sealed class HostedBatch(
    BackupRepository repository, BackupEngine engine, HostEnvironment host, IVolumeSnapshots volumes,
    BatchOptions options)
{
    /// <summary>How many snapshots of volumes it made.</summary>
    public int SnapshotCount { get; private set; }

    /// <summary>How many machines were read from them, and not from their checkpoints.</summary>
    public int ReleasedCount { get; private set; }

    /// <summary>Backs all up, wave by wave. A machine that fails keeps no other from being backed up.</summary>
    /// <param name="change">Changes what is asked for of a machine; null for the usual.</param>
    /// <param name="progressOf">Asked for when a machine begins to be read; null for none.</param>
    /// <param name="done">Told of each machine at once.</param>
    /// <exception cref="HostException">Another batch of this repository goes on.</exception>
    public async Task<IReadOnlyList<BatchResult>> BackupAsync(
        IReadOnlyList<HostedMachine> machines, Func<BackupRequest, BackupRequest>? change = null,
        Func<HostedMachine, IProgress<BackupProgress>>? progressOf = null, Action<BatchResult>? done = null,
        CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(machines);
        List<BatchResult> results = [];
        foreach (IReadOnlyList<int> wave in BatchPlan.Of([.. machines.Select(VolumesOf)], options))
        {
            using MachineBatch batch = MachineBatch.Begin(
                [.. wave.Select(position => machines[position])], host, volumes, HostedBackup.OwnerOf(repository));
            SnapshotCount += batch.SnapshotCount;
            ReleasedCount += batch.ReleasedCount;
            foreach (int position in wave)
            {
                HostedMachine machine = machines[position];
                BackupRequest request = HostedBackup.RequestFor(machine);
                BatchResult result = batch.FailureOf(machine) is HostException failure
                    ? new BatchResult(machine, null, failure)
                    : await BackupAsync(machine, change?.Invoke(request) ?? request, progressOf, token);
                results.Add(result);
                done?.Invoke(result);
            }
        }

        return results;
    }

    private async Task<BatchResult> BackupAsync(
        HostedMachine machine, BackupRequest request, Func<HostedMachine, IProgress<BackupProgress>>? progressOf,
        CancellationToken token)
    {
        try
        {
            return new BatchResult(
                machine, await engine.BackupAsync(request, progressOf?.Invoke(machine), token), null);
        }
        catch (Exception failure) when (!token.IsCancellationRequested && HostedFailures.IsOfTheWorld(failure))
        {
            return new BatchResult(machine, null, failure);
        }
    }

    /// <summary>None where they cannot be told: then no snapshot is made for it.</summary>
    private IReadOnlyCollection<HostVolume> VolumesOf(HostedMachine machine)
    {
        try
        {
            return [.. machine.Disks.Select(disk => volumes.VolumeOf(disk.File)).Distinct()];
        }
        catch (HostException)
        {
            return [];
        }
    }
}
