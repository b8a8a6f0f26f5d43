using System.Globalization;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.VolumeSnapshots;
using HyperVBackup.SimulatedHost.Images;
using HyperVBackup.SimulatedHost.Machines;

namespace HyperVBackup.SimulatedHost.Volumes;

/// <summary>A host's volumes and their snapshots, which survive the process that asked for them.</summary>
/// <param name="folder">Where the machines' files are.</param>
public sealed class SimulatedVolumes(SimulatedHyperV host, string folder)
{
    private readonly Dictionary<string, SimulatedVolumeSnapshot> snapshots = [];
    private int nameCount;

    /// <summary>How many snapshots were made.</summary>
    public int MadeCount { get; private set; }

    /// <summary>How many are there.</summary>
    public int Count => snapshots.Count;

    /// <summary>Volumes of which none can be made.</summary>
    public HashSet<string> Failing { get; } = [];

    /// <summary>None can be taken away.</summary>
    public bool IsStuck { get; set; }

    /// <summary>Where the machines' files are.</summary>
    internal string Folder => folder;

    internal IEnumerable<SimulatedImage> Images => snapshots.Values.SelectMany(snapshot => snapshot.Images);

    internal HostVolume VolumeOf(string path)
    {
        SimulatedMachine machine = host.Machines.FirstOrDefault(
            candidate => path.StartsWith(candidate.Folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            ?? throw new HostException($"'{path}' is on no volume that is known (0x80070003).", 0x80070003);
        return new HostVolume(machine.Volume, machine.Volume.StartsWith("CSV", StringComparison.Ordinal));
    }

    internal string NewName()
    {
        nameCount++;
        return string.Create(CultureInfo.InvariantCulture, $"set{nameCount}");
    }

    internal void Create(string name, HostVolume volume)
    {
        if (Failing.Contains(volume.Name))
        {
            throw new HostException(
                "Another backup of this cluster shared volume is in progress (0x8007173D).", 0x8007173D);
        }

        MadeCount++;
        snapshots.Add(
            name,
            new SimulatedVolumeSnapshot(
                host.Machines.Where(machine => machine.Volume == volume.Name), path => PathIn(name, path)));
    }

    /// <summary>Where a snapshot's files are.</summary>
    internal string FolderOf(string name) => Path.Join(folder, "Shadow copies", name);

    internal string PathIn(string name, string path) =>
        Path.Join(FolderOf(name), Path.GetRelativePath(folder, path));

    internal void Delete(string name)
    {
        if (IsStuck)
        {
            throw new HostException("The shadow copy cannot be deleted now (0x80042302).", 0x80042302);
        }

        if (snapshots.Remove(name, out SimulatedVolumeSnapshot? snapshot))
        {
            snapshot.Delete();
        }
    }
}
