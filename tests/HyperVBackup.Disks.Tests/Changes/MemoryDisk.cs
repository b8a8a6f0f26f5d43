namespace HyperVBackup.Disks.Tests.Changes;

/// <summary>A disk of zeros that tells whether it was disposed.</summary>
internal sealed class MemoryDisk(long virtualSizeBytes) : IDisk
{
    public bool IsDisposed { get; private set; }

    public string Description => "memory";

    public string? Identity => null;

    public long VirtualSizeBytes => virtualSizeBytes;

    public int LogicalSectorSizeBytes => 512;

    public int PhysicalSectorSizeBytes => 4096;

    public void Read(long offsetBytes, Span<byte> buffer) => buffer.Clear();

    public IEnumerable<ByteRange> AllocatedRanges(ByteRange range) => [];

    public void Dispose() => IsDisposed = true;
}
