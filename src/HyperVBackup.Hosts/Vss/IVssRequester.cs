namespace HyperVBackup.Hosts.Vss;

/// <summary>The volume shadow copy service of a host, as who asks it for shadow copies sees it. Nothing is decided
/// behind it. One thread at a time.</summary>
public interface IVssRequester
{
    /// <summary>The volume that a file is on.</summary>
    /// <exception cref="HostException">It cannot be told, or no shadow copy can be made of it.</exception>
    VssVolume VolumeOf(string path);

    /// <summary>Begins a backup; each is for one set of shadow copies.</summary>
    /// <exception cref="HostException">The service refuses.</exception>
    IVssBackup Begin(VssOptions options);

    /// <summary>Begins a backup whose shadow copies another host made.</summary>
    /// <param name="document">What <see cref="IVssBackup.SaveDocument"/> gave there.</param>
    /// <exception cref="HostException">The service refuses, or cannot read it.</exception>
    IVssBackup BeginImport(string document);

    /// <summary>The shadow copies of a set that are on the host, whoever asked for them; none where there is no such
    /// set.</summary>
    /// <exception cref="HostException">The service does not tell.</exception>
    IReadOnlyList<VssSnapshot> SnapshotsOf(Guid set);

    /// <summary>Deletes a shadow copy; one that is gone is fine.</summary>
    /// <exception cref="HostException">It is still there.</exception>
    void Delete(Guid snapshot);
}
