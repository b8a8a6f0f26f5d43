using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Hosts.VirtualDisks;

namespace HyperVBackup.Hosts.Tests.Kit;

/// <summary>A host's disks, with a count of what is read of them.</summary>
internal sealed class CountedDisks(IVirtualDiskHost disks) : IVirtualDiskHost
{
    private long bytesRead;

    public long BytesRead => Interlocked.Read(ref bytesRead);

    public IVirtualDisk Open(string path) => new Counted(this, disks.Open(path));

    public VirtualDiskFacts Look(string path) => disks.Look(path);

    public string BasePathOf(string path) => disks.BasePathOf(path);

    private sealed class Counted(CountedDisks disks, IVirtualDisk disk) : IVirtualDisk
    {
        public VirtualDiskFacts Look() => disk.Look();

        public ChangePage QueryChanges(string trackingId, long offsetBytes, long lengthBytes) =>
            disk.QueryChanges(trackingId, offsetBytes, lengthBytes);

        public void ReadAt(long offsetBytes, Span<byte> buffer)
        {
            Interlocked.Add(ref disks.bytesRead, buffer.Length);
            disk.ReadAt(offsetBytes, buffer);
        }

        public IEnumerable<ByteRange> AllocatedRanges(ByteRange range) => disk.AllocatedRanges(range);

        public void Dispose() => disk.Dispose();
    }
}
