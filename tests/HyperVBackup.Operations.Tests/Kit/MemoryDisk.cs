using HyperVBackup.Disks;

namespace HyperVBackup.Operations.Tests.Kit;

/// <summary>A disk in memory that knows which of its blocks were ever written, and notes what is read of it.</summary>
internal sealed class MemoryDisk : IDisk
{
    public const int BlockSizeBytes = 8 << 10;

    private readonly bool[] isWritten;

    public MemoryDisk(long sizeBytes, string? identity = null)
    {
        (Bytes, Identity) = (new byte[sizeBytes], identity);
        isWritten = new bool[(sizeBytes + BlockSizeBytes - 1) / BlockSizeBytes];
    }

    private MemoryDisk(MemoryDisk other, byte[] bytes, bool[] isWritten, string? identity)
    {
        (Bytes, this.isWritten, Identity) = (bytes, isWritten, identity);
        (LogicalSectorSizeBytes, BeforeRead, Stamp) = (other.LogicalSectorSizeBytes, other.BeforeRead, other.Stamp);
    }

    public byte[] Bytes { get; }

    public string Description => "memory";

    public string? Identity { get; }

    public long VirtualSizeBytes => Bytes.Length;

    public int LogicalSectorSizeBytes { get; init; } = 512;

    public int PhysicalSectorSizeBytes => 4096;

    public DiskStamp? Stamp { get; set; }

    public bool IsDisposed { get; private set; }

    /// <summary>What was read, in order.</summary>
    public List<ByteRange> Reads { get; } = [];

    /// <summary>May throw.</summary>
    public Action<ByteRange>? BeforeRead { get; set; }

    public static MemoryDisk Of(byte[] bytes, string? identity = null)
    {
        MemoryDisk disk = new(bytes.Length, identity);
        disk.Write(0, bytes);
        return disk;
    }

    public void Write(long offsetBytes, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        bytes.CopyTo(Bytes.AsSpan((int)offsetBytes));
        int first = (int)(offsetBytes / BlockSizeBytes);
        int last = (int)((offsetBytes + bytes.Length - 1) / BlockSizeBytes);
        isWritten.AsSpan(first, last + 1 - first).Fill(true);
    }

    /// <summary>Whole blocks become zeros that the image no longer holds.</summary>
    public void Discard(long offsetBytes, long lengthBytes)
    {
        int first = (int)(offsetBytes / BlockSizeBytes);
        int count = (int)(lengthBytes / BlockSizeBytes);
        isWritten.AsSpan(first, count).Clear();
        Bytes.AsSpan(first * BlockSizeBytes, Math.Min(count * BlockSizeBytes, Bytes.Length - (first * BlockSizeBytes)))
            .Clear();
    }

    /// <summary>The disk as it is now, to be read while this one goes on.</summary>
    public MemoryDisk Snapshot() => new(this, [.. Bytes], [.. isWritten], Identity);

    /// <summary>The same bytes on a disk of another size or identity.</summary>
    public MemoryDisk Resized(long sizeBytes) => Resized(sizeBytes, Identity);

    public MemoryDisk Resized(long sizeBytes, string? identity)
    {
        byte[] bytes = new byte[sizeBytes];
        Bytes.AsSpan(0, (int)Math.Min(sizeBytes, Bytes.Length)).CopyTo(bytes);
        bool[] written = new bool[(sizeBytes + BlockSizeBytes - 1) / BlockSizeBytes];
        isWritten.AsSpan(0, Math.Min(written.Length, isWritten.Length)).CopyTo(written);
        return new MemoryDisk(this, bytes, written, identity);
    }

    public void Read(long offsetBytes, Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        ByteRange range = new(offsetBytes, buffer.Length);
        BeforeRead?.Invoke(range);
        lock (Reads)
        {
            Reads.Add(range);
        }

        Bytes.AsSpan((int)offsetBytes, buffer.Length).CopyTo(buffer);
    }

    public IEnumerable<ByteRange> AllocatedRanges(ByteRange range)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(range.EndBytes, VirtualSizeBytes);
        long at = range.StartBytes;
        while (at < range.EndBytes)
        {
            bool isAllocated = isWritten[at / BlockSizeBytes];
            long end = at;
            while (end < range.EndBytes && isWritten[end / BlockSizeBytes] == isAllocated)
            {
                end = Math.Min(range.EndBytes, ((end / BlockSizeBytes) + 1) * BlockSizeBytes);
            }

            if (isAllocated)
            {
                yield return new ByteRange(at, end - at);
            }

            at = end;
        }
    }

    public void Dispose() => IsDisposed = true;
}
