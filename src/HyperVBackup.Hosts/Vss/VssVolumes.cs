using HyperVBackup.Hosts.VolumeSnapshots;

namespace HyperVBackup.Hosts.Vss;

/// <summary>
/// Makes snapshots of a host's volumes as shadow copies, without writers: what is on the volumes has been brought to
/// rest by checkpoints. A snapshot's name is the id of its set, which the service gives before it makes anything.
/// With a proxy, another host imports the shadow copies and they are read there; that needs storage and a hardware
/// provider that can, and a proxy that is in no cluster with the host. Not thread-safe.
/// </summary>
/// <param name="proxy">The other host; null where the shadow copies are read on the one that makes them.</param>
public sealed class VssVolumes(IVssRequester requester, IVssRequester? proxy = null) : IVolumeSnapshots
{
    private readonly Dictionary<string, ShadowCopySet> sets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IVssBackup> imports = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<VssSnapshot>> readable = new(StringComparer.Ordinal);

    public HostVolume VolumeOf(string path)
    {
        VssVolume volume = requester.VolumeOf(path);
        return new HostVolume(volume.Name, volume.IsShared);
    }

    public string NewName()
    {
        ShadowCopySet set = ShadowCopySet.Begin(
            requester, new VssOptions(AsksWriters: false, IsTransportable: proxy is not null));
        string name = set.Id.ToString("D");
        sets.Add(name, set);
        return name;
    }

    public void Create(string name, HostVolume volume)
    {
        ArgumentNullException.ThrowIfNull(volume);
        ShadowCopySet set = sets[name];
        set.Make([volume.Name]);
        readable[name] = proxy is null ? set.Snapshots : Import(name, set, proxy);
    }

    public string PathIn(string name, string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        VssVolume volume = requester.VolumeOf(path);
        VssSnapshot snapshot = readable[name].SingleOrDefault(made => made.Volume == volume.Name)
            ?? throw new HostException($"No shadow copy is there of the volume that '{path}' is on.");
        return path.StartsWith(volume.MountPath, StringComparison.OrdinalIgnoreCase)
            ? HostPath.Join(snapshot.Device, path[volume.MountPath.Length..])
            : throw new HostException($"'{path}' is not below '{volume.MountPath}', where its volume is.");
    }

    /// <summary>On the proxy first: the host may end its backup only when nobody reads any more.</summary>
    public void Delete(string name)
    {
        if (!Guid.TryParse(name, out Guid id))
        {
            throw new HostException($"'{name}' names no set of shadow copies.");
        }

        readable.Remove(name);
        if (imports.Remove(name, out IVssBackup? import))
        {
            import.Dispose();
        }

        if (proxy is not null)
        {
            ShadowCopySet.Delete(proxy, id);
        }

        if (sets.Remove(name, out ShadowCopySet? set))
        {
            set.Dispose();
        }

        ShadowCopySet.Delete(requester, id);
    }

    private IReadOnlyList<VssSnapshot> Import(string name, ShadowCopySet set, IVssRequester importer)
    {
        IVssBackup import = importer.BeginImport(set.SaveDocument());
        imports.Add(name, import);
        import.ImportSnapshots();
        return importer.SnapshotsOf(set.Id);
    }
}
