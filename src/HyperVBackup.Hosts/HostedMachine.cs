using HyperVBackup.Disks;
using HyperVBackup.Hosts.Checkpoints;
using HyperVBackup.Hosts.Configurations;
using HyperVBackup.Hosts.Machines;
using HyperVBackup.Hosts.VirtualDisks;

namespace HyperVBackup.Hosts;

/// <summary>
/// A virtual machine on a Hyper-V host (2016 and later): change sources for its disks, all of one moment. The moment is
/// when the first of them is opened: a recovery checkpoint is made then. Opening one again, after all were disposed,
/// makes another. What stays on the host is one reference point of ours, which the next changes start from, or, where
/// that was asked for and the host tracks nothing, one checkpoint in its place. What a failure or a kill leaves
/// besides, the next backup takes away as far as something proves that it is ours; otherwise it is told of at each
/// backup, and no further checkpoint is made beside it unless the host names them as it is asked to. Shown on a
/// simulated host only. Not thread-safe; reading the disks is.
/// </summary>
public sealed class HostedMachine : IHostedDisks
{
    private readonly HostOptions options;
    private readonly HostEnvironment environment;
    private readonly IReadOnlyList<DiskKey> keys;
    private readonly HashSet<int> opened = [];
    private readonly HashSet<int> released = [];
    private MachineSnapshot? snapshot;

    private HostedMachine(
        HostOptions options, HostEnvironment environment, VirtualMachine machine,
        IReadOnlyList<(AttachedDisk Attached, string Identity, string Base)> disks)
    {
        (this.options, this.environment, Name) = (options, environment, machine.Name);
        keys = DiskKey.Of([.. disks.Select(disk => (disk.Identity, disk.Attached.InstanceId))]);
        IReadOnlyList<string> names = DiskNames.Of([.. disks.Select(disk => (disk.Identity, disk.Base))]);
        Disks = [.. disks.Select((disk, position) => new HostedDisk(
            names[position], disk.Attached.File,
            new HostedDiskSource(this, position, $"change tracking of '{names[position]}' of '{machine.Name}'")))];
    }

    /// <summary>What people call it; not always another one for each machine.</summary>
    public string Name { get; }

    public Guid Id => options.Machine;

    public IReadOnlyList<HostedDisk> Disks { get; }

    /// <summary>What the machine's programs knew of the latest checkpoint.</summary>
    public MachineConsistency Consistency { get; private set; }

    /// <summary>Looks a machine and its disks up.</summary>
    /// <exception cref="HostException">It is not on this host, has no virtual hard disk, or one cannot be asked.
    /// </exception>
    public static HostedMachine Find(HostOptions options, HostEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(environment);
        HostCatalog catalog = new(environment.Cim);
        VirtualMachine machine = catalog.FindMachine(options.Machine)
            ?? throw new HostException($"There is no machine {options.Machine} on this host.");
        List<(AttachedDisk Attached, string Identity, string Base)> disks = catalog.WithDisksOf(
            catalog.LiveSettingsOf(machine), attached => attached.Select(disk => Look(disk, environment)).ToList());
        return disks.Count > 0
            ? new HostedMachine(options, environment, machine, disks)
            : throw new HostException($"The machine '{machine.Name}' has no virtual hard disk to back up.");
    }

    /// <summary>Makes the checkpoint now, and not when a disk is opened.</summary>
    /// <exception cref="HostException">It cannot be made.</exception>
    internal void Hold() => snapshot ??= MachineSnapshot.Take(options, environment);

    /// <inheritdoc cref="MachineSnapshot.IsMovable"/>
    internal bool IsMovable() => snapshot!.IsMovable();

    /// <summary>The files that the checkpoint is read from.</summary>
    internal IReadOnlyList<string> HeldFiles() =>
        [.. snapshot!.Attached.Select(attached => attached.File), .. snapshot.Files.Select(file => file.Path)];

    /// <inheritdoc cref="MachineSnapshot.ReadFrom"/>
    internal void ReadFrom(Func<string, string> place) => snapshot!.ReadFrom(place);

    /// <summary>Lets go what was held, unless its disks are open.</summary>
    internal void Drop()
    {
        if (snapshot is not null && opened.Count == 0)
        {
            MachineSnapshot held = snapshot;
            snapshot = null;
            try
            {
                held.Abandon();
            }
            finally
            {
                held.Dispose();
            }
        }
    }

    HostedView IHostedDisks.Open(int position)
    {
        try
        {
            Hold();
        }
        catch (HostException failure)
        {
            throw new DiskImageException(failure.Message, failure);
        }

        MachineSnapshot snapshot = this.snapshot!;

        Consistency = snapshot.Consistency;
        if (!opened.Add(position))
        {
            throw new InvalidOperationException("The disk's view before was not disposed.");
        }

        bool isSame = snapshot.Disks.Count == keys.Count && snapshot.Disks.All(disk => keys.Contains(disk.Key));
        if (!isSame)
        {
            ((IHostedDisks)this).Release(position);
            throw new DiskImageException($"The disks of '{Name}' are others than a moment ago; run again.");
        }

        return new HostedView(this, position, snapshot.Disks.Single(disk => disk.Key == keys[position]));
    }

    /// <summary>The files of its configuration as the checkpoint has them, and what has to be known to import it; empty
    /// where they may be missing and are. Only while a disk is open and not sealed.</summary>
    public IReadOnlyList<MachineFile> FindConfiguration()
    {
        MachineSnapshot taken = snapshot ?? throw new InvalidOperationException("No disk of the machine is open.");
        if (taken.Files.Count == 0)
        {
            return [];
        }

        MachineManifest manifest = new(
            Id, Name, taken.Version, taken.Definition,
            [.. taken.Attached.Select((attached, index) => new ManifestDisk(
                Disks[IndexOf(keys, taken.Disks[index].Key)].Name, attached.File,
                DiskKey.PlaceOf(attached.InstanceId)))]);
        byte[] bytes = manifest.ToBytes();
        return [.. taken.Files, new MachineFile(MachineManifest.FileName, () => new MemoryStream(bytes, false))];
    }

    string? IHostedDisks.Seal(int position) => snapshot!.Seal(IndexOf(position));

    void IHostedDisks.Confirm() => snapshot!.Confirm();

    void IHostedDisks.Abandon() => snapshot!.Abandon();

    void IHostedDisks.Release(int position)
    {
        released.Add(position);
        if (released.Count == opened.Count && snapshot is not null)
        {
            snapshot.Abandon();
            snapshot.Dispose();
            snapshot = null;
            opened.Clear();
            released.Clear();
        }
    }

    private static (AttachedDisk Attached, string Identity, string Base) Look(
        AttachedDisk attached, HostEnvironment environment)
    {
        attached.RequireOwn();
        string identity = environment.Disks.Look(attached.File).Identity;
        return (attached, identity, environment.Disks.BasePathOf(attached.File));
    }

    private int IndexOf(int position) => IndexOf([.. snapshot!.Disks.Select(disk => disk.Key)], keys[position]);

    private static int IndexOf(IReadOnlyList<DiskKey> all, DiskKey key)
    {
        for (int index = 0; index < all.Count; index++)
        {
            if (all[index] == key)
            {
                return index;
            }
        }

        throw new InvalidOperationException("The disk is none of the snapshot's.");
    }
}
