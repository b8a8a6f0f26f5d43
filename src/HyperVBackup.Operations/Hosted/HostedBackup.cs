using HyperVBackup.Format.Points;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Groups;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Repository;

namespace HyperVBackup.Operations.Hosted;

/// <summary>Backs machines on Hyper-V hosts up into a repository.</summary>
public static class HostedBackup
{
    /// <summary>As which owner a repository's checkpoints are marked: one that no other repository has.</summary>
    public static string OwnerOf(BackupRepository repository)
    {
        ArgumentNullException.ThrowIfNull(repository);
        return repository.Id.ToString();
    }

    /// <summary>As <see cref="RecordedPoints.Of"/>, for one machine alone.</summary>
    public static Func<string, bool> RecordedBy(BackupRepository repository, Guid machine)
    {
        ArgumentNullException.ThrowIfNull(repository);
        return new RecordedPoints(repository).Of(machine);
    }

    /// <summary>What to back up of a machine: all its virtual hard disks, with the consistency of the checkpoint
    /// that is made of it.</summary>
    public static BackupRequest RequestFor(HostedMachine machine)
    {
        ArgumentNullException.ThrowIfNull(machine);
        string identity = machine.Id.ToString("D");
        return new BackupRequest
        {
            VmName = VmName.IsValid(machine.Name) ? machine.Name : identity,
            VmIdentity = identity,
            Disks = [.. machine.Disks.Select(disk =>
                new DiskRequest(disk.Name, disk.Source) { MayGainIdentity = true })],
            FindConsistency = () => ConsistencyOf(machine.Consistency),
            FindConfiguration = () =>
                [.. machine.FindConfiguration().Select(file => new ConfigurationSource(file.Name, file.Open))],
        };
    }

    /// <summary>What to back up of a group: the disks of all its machines, as one restore point of one moment. The
    /// machines' configuration is not in it.</summary>
    public static BackupRequest RequestFor(HostedGroup group)
    {
        ArgumentNullException.ThrowIfNull(group);
        string identity = group.Id.ToString("D");
        return new BackupRequest
        {
            VmName = VmName.IsValid(group.Name) ? group.Name : identity,
            VmIdentity = identity,
            Disks = [.. group.Disks.Select(disk => new DiskRequest(disk.Name, disk.Source))],
            FindConsistency = () => ConsistencyOf(group.Consistency),
        };
    }

    private static Consistency ConsistencyOf(MachineConsistency consistency) => consistency switch
    {
        MachineConsistency.Application => Consistency.Application,
        MachineConsistency.Crash => Consistency.Crash,
        _ => Consistency.Offline,
    };
}
