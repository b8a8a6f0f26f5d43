using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Hosts.Checkpoints;
using HyperVBackup.Hosts.Machines;
using HyperVBackup.Hosts.VirtualDisks;

namespace HyperVBackup.Hosts.Groups;

/// <summary>
/// A VM group on a Hyper-V host (2016 and later): change sources for the disks of all its machines, all of one moment.
/// The moment is when the first of them is opened: one recovery checkpoint of the whole group is made then. Opening one
/// again, after all were disposed, makes another. Nothing stays on the host: each backup reads the disks and compares
/// them by checksum. Disks that several machines write are refused. Shown on a simulated host only. Not thread-safe;
/// reading the disks is.
/// </summary>
public sealed class HostedGroup : IHostedDisks
{
    private const string NoChanges = "changes of a group's disks are not tracked";

    private readonly MachineGroup group;
    private readonly HostOptions options;
    private readonly HostEnvironment environment;
    private readonly IReadOnlyList<(Guid Machine, string Place)> keys;
    private readonly HashSet<int> opened = [];
    private readonly HashSet<int> released = [];
    private GroupSnapshot? snapshot;

    private HostedGroup(
        MachineGroup group, HostOptions options, HostEnvironment environment,
        IReadOnlyList<(VirtualMachine Machine, AttachedDisk Attached)> disks)
    {
        (this.group, this.options, this.environment) = (group, options, environment);
        keys = [.. disks.Select(disk => (disk.Machine.Id, DiskKey.PlaceOf(disk.Attached.InstanceId)))];
        Disks = [.. disks.Select((disk, position) => new HostedDisk(
            NameOf(disks, position), disk.Attached.File,
            new HostedDiskSource(this, position, $"the checkpoint of the group '{group.Name}'")))];
    }

    /// <summary>What people call it.</summary>
    public string Name => group.Name;

    public Guid Id => group.Id;

    /// <summary>Those of all machines; each is named by its machine and its image.</summary>
    public IReadOnlyList<HostedDisk> Disks { get; }

    /// <summary>What the machines' programs knew of the latest checkpoint, as it was asked for.</summary>
    public MachineConsistency Consistency { get; private set; }

    /// <summary>Looks a group's machines and their disks up.</summary>
    /// <param name="options">Of the group: its GUID takes the place of a machine's.</param>
    /// <exception cref="HostException">It is not on this host, not all of it is, or a disk cannot be backed up.
    /// </exception>
    public static HostedGroup Find(HostOptions options, HostEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(environment);
        GroupCatalog groups = new(environment.Cim);
        HostCatalog catalog = new(environment.Cim);
        MachineGroup group = groups.Groups().Find(found => found.Id == options.Machine)
            ?? throw new HostException($"There is no group {options.Machine} on this host.");
        List<VirtualMachine> members = groups.MembersOf(group);
        List<(VirtualMachine Machine, AttachedDisk Attached)> disks = [.. members.SelectMany(
            machine => catalog.DisksOf(catalog.LiveSettingsOf(machine)), (machine, attached) => (machine, attached))];
        disks.ForEach(disk => disk.Attached.RequireOwn());
        return disks.Count > 0
            ? new HostedGroup(group, options, environment, disks)
            : throw new HostException($"The group '{group.Name}' has no virtual hard disk to back up.");
    }

    HostedView IHostedDisks.Open(int position)
    {
        try
        {
            snapshot ??= GroupSnapshot.Take(group, options, environment);
        }
        catch (HostException failure)
        {
            throw new DiskImageException(failure.Message, failure);
        }

        Consistency = snapshot.Consistency;
        if (!opened.Add(position))
        {
            throw new InvalidOperationException("The disk's view before was not disposed.");
        }

        List<(Guid Machine, string Place)> now = [.. snapshot.Disks.Select(
            disk => (disk.Machine, DiskKey.PlaceOf(disk.Attached.InstanceId)))];
        if (now.Count != keys.Count || !now.TrueForAll(keys.Contains))
        {
            ((IHostedDisks)this).Release(position);
            throw new DiskImageException($"The disks of the group '{Name}' are others than a moment ago; run again.");
        }

        FrozenDisk disk = snapshot.Disks[now.IndexOf(keys[position])].Disk;
        return new HostedView(this, position, new SnapshotDisk(
            new DiskKey(disk.Identity!, ""), disk, null, new DiskChanges.Lost(NoChanges), null));
    }

    string? IHostedDisks.Seal(int position)
    {
        snapshot!.Seal();
        return null;
    }

    void IHostedDisks.Confirm() => snapshot!.End();

    void IHostedDisks.Abandon() => snapshot!.End();

    void IHostedDisks.Release(int position)
    {
        released.Add(position);
        if (released.Count == opened.Count && snapshot is not null)
        {
            snapshot.End();
            snapshot.Dispose();
            snapshot = null;
            opened.Clear();
            released.Clear();
        }
    }

    private string NameOf(IReadOnlyList<(VirtualMachine Machine, AttachedDisk Attached)> disks, int position)
    {
        string Plain(int index)
        {
            (VirtualMachine machine, AttachedDisk attached) = disks[index];
            string image = HostPath.FileName(environment.Disks.BasePathOf(attached.File));
            bool isPlain = !machine.Name.AsSpan().ContainsAny("/\\:@");
            string name = isPlain ? machine.Name : machine.Id.ToString("D");
            return $"{name}-{Path.GetFileNameWithoutExtension(image)}";
        }

        string name = Plain(position);
        bool isAlone = !Enumerable.Range(0, disks.Count).Any(other => other != position
            && string.Equals(Plain(other), name, StringComparison.OrdinalIgnoreCase));
        return isAlone ? name : $"{name}-{position}";
    }
}
