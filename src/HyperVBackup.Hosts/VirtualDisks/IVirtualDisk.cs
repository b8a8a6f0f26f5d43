using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;

namespace HyperVBackup.Hosts.VirtualDisks;

/// <summary>A virtual disk that is open on its host. Disposing closes it, and only then may the host merge it with
/// others. Reading is thread-safe, the rest is not.</summary>
public interface IVirtualDisk : IDisposable
{
    /// <summary>Asks the host anew.</summary>
    /// <exception cref="HostException">It does not say.</exception>
    VirtualDiskFacts Look();

    /// <summary>Asks what changed in a part of the disk, which lies inside it. The answer is as it came.</summary>
    /// <exception cref="HostException">Any error of the host's.</exception>
    ChangePage QueryChanges(string trackingId, long offsetBytes, long lengthBytes);

    /// <summary>Reads whole sectors of the disk.</summary>
    /// <exception cref="HostException">They cannot be read.</exception>
    void ReadAt(long offsetBytes, Span<byte> buffer);

    /// <summary>As <see cref="IDisk.AllocatedRanges"/>; all of it, where that is not known.</summary>
    IEnumerable<ByteRange> AllocatedRanges(ByteRange range);
}
