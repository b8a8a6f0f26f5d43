using HyperVBackup.Disks;
using HyperVBackup.Format;
using HyperVBackup.Hosts;
using HyperVBackup.Repository;
using HyperVBackup.Storage;

namespace HyperVBackup.Operations.Hosted;

/// <summary>Which failures of one machine's backup stop no other machine's.</summary>
public static class HostedFailures
{
    /// <summary>What may befall a machine, a disk or the repository; not what is wrong with this program.</summary>
    public static bool IsOfTheWorld(Exception failure) => failure
        is HostException or DiskImageException or RepositoryException or StoreException or CorruptDataException
        or IOException or UnauthorizedAccessException;
}
