using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Vss;

namespace HyperVBackup.SimulatedHost.Vss;

/// <summary>A host's volume shadow copy service. Sets of shadow copies survive who asked for them, unless that one ends
/// its backup itself. One thread at a time.</summary>
public sealed class SimulatedVss(SimulatedHyperV host)
{
    private readonly List<VssSnapshot> snapshots = [];
    private int idCount;

    /// <summary>The shadow copies that are there.</summary>
    public int Count => snapshots.Count;

    /// <summary>Until when other backups keep cluster shared volumes busy.</summary>
    public DateTimeOffset SharedVolumesBusyUntil { get; set; }

    /// <summary>A writer's state and failure, before or once the shadow copies are made; null for none.</summary>
    public (int State, uint Failure, bool IsAfter)? WriterTrouble { get; set; }

    /// <summary>The service of the host whose shadow copies this one can import; null for none.</summary>
    public SimulatedVss? Origin { get; init; }

    /// <summary>An import fails when the shadow copies are there already.</summary>
    public bool FailsImports { get; set; }

    /// <summary>None can be deleted.</summary>
    public bool IsStuck { get; set; }

    /// <summary>The writers.</summary>
    public List<VssWriter> Writers { get; } = [];

    /// <summary>What writers were told at the end of backups, in order: completed, aborted, or a component's result.
    /// </summary>
    public List<string> Told { get; } = [];

    internal DateTimeOffset Now => host.Now;

    internal VssVolume VolumeOf(string path)
    {
        string mount = host.Volumes.Folder + Path.DirectorySeparatorChar;
        Hosts.VolumeSnapshots.HostVolume volume = host.Volumes.VolumeOf(path);
        return new VssVolume(volume.Name, mount, volume.IsShared);
    }

    internal Guid NewId() => new(++idCount, 0, 0, new byte[8]);

    internal IReadOnlyList<VssSnapshot> SnapshotsOf(Guid set) => [.. snapshots.Where(made => made.SetId == set)];

    internal VssSnapshot? Find(Guid id) => snapshots.Find(made => made.Id == id);

    /// <param name="isTransportable">Then nobody reads them here.</param>
    internal void Make(Guid set, IEnumerable<(Guid Id, string Volume)> added, bool isTransportable)
    {
        foreach ((Guid id, string volume) in added)
        {
            bool isShared = volume.StartsWith("CSV", StringComparison.Ordinal);
            if (isShared && Now < SharedVolumesBusyUntil)
            {
                throw new HostException(
                    "Another backup of this cluster shared volume is in progress (0x8007173D).",
                    VssFailures.SharedVolumeBusy);
            }

            string name = id.ToString("D");
            host.Volumes.Create(name, new Hosts.VolumeSnapshots.HostVolume(volume, isShared));
            snapshots.Add(new VssSnapshot(id, set, volume, isTransportable ? "" : host.Volumes.FolderOf(name)));
        }
    }

    internal void Import(Guid set)
    {
        foreach (VssSnapshot made in Origin?.SnapshotsOf(set) ?? [])
        {
            Origin!.snapshots.Remove(made);
            snapshots.Add(made with { Device = host.Volumes.FolderOf(made.Id.ToString("D")) });
        }

        if (FailsImports || SnapshotsOf(set).Count == 0)
        {
            throw new HostException("The shadow copies were not imported (0x80042321).", 0x80042321);
        }
    }

    internal void Delete(Guid id)
    {
        if (IsStuck)
        {
            throw new HostException("The shadow copy cannot be deleted now (0x80042302).", 0x80042302);
        }

        if (snapshots.RemoveAll(made => made.Id == id) > 0)
        {
            host.Volumes.Delete(id.ToString("D"));
        }
    }
}
