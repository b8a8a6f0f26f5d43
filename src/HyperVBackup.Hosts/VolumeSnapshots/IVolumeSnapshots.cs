namespace HyperVBackup.Hosts.VolumeSnapshots;

/// <summary>Makes snapshots of a host's volumes, as storage or the system does. One thread at a time.</summary>
public interface IVolumeSnapshots
{
    /// <summary>The volume that a file is on.</summary>
    /// <exception cref="HostException">It cannot be told, or no snapshot can be made of it.</exception>
    HostVolume VolumeOf(string path);

    /// <summary>A name for a snapshot that is not made yet, so that it can be noted before it is there.</summary>
    /// <exception cref="HostException">None can be made now.</exception>
    string NewName();

    /// <summary>Makes a snapshot. Whatever it fails at, <see cref="Delete"/> takes away what came of it.</summary>
    /// <exception cref="HostException">It is not made.</exception>
    void Create(string name, HostVolume volume);

    /// <summary>Where a file of the volume is in a snapshot.</summary>
    string PathIn(string name, string path);

    /// <summary>Takes a snapshot away; one that is gone, or was never made, is fine.</summary>
    /// <exception cref="HostException">It cannot be taken away.</exception>
    void Delete(string name);
}
