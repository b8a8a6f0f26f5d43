using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Disks.Vhdx;

/// <summary>The block allocation table of an image being written, in bounded memory: a few of its pages are held, the
/// others stand in the file already. Not thread-safe.</summary>
internal sealed class BatWriter(SafeFileHandle file, long startBytes)
{
    private const int PageSizeBytes = 64 << 10;
    private const int PageCountMax = 128;

    private readonly Dictionary<long, byte[]> pages = [];
    private readonly Queue<long> oldestFirst = [];

    public BatEntry this[long entry]
    {
        get => new(BinaryPrimitives.ReadUInt64LittleEndian(Place(entry)));
        set => BinaryPrimitives.WriteUInt64LittleEndian(Place(entry), value.Value);
    }

    /// <summary>Writes the pages still held.</summary>
    public void WriteAll()
    {
        while (oldestFirst.Count > 0)
        {
            WriteOldest();
        }
    }

    private Span<byte> Place(long entry)
    {
        (long page, long within) = Math.DivRem(entry * BatEntry.SizeBytes, PageSizeBytes);
        if (!pages.TryGetValue(page, out byte[]? bytes))
        {
            bytes = Load(page);
        }
        return bytes.AsSpan((int)within, BatEntry.SizeBytes);
    }

    private byte[] Load(long page)
    {
        if (pages.Count >= PageCountMax)
        {
            WriteOldest();
        }
        byte[] bytes = new byte[PageSizeBytes];
        int read = 0;
        while (read < PageSizeBytes)
        {
            int count = RandomAccess.Read(file, bytes.AsSpan(read), startBytes + (page * PageSizeBytes) + read);
            if (count == 0)
            {
                throw new IOException("The image was cut off while it was written.");
            }
            read += count;
        }
        pages.Add(page, bytes);
        oldestFirst.Enqueue(page);
        return bytes;
    }

    private void WriteOldest()
    {
        long page = oldestFirst.Dequeue();
        pages.Remove(page, out byte[]? bytes);
        RandomAccess.Write(file, bytes, startBytes + (page * PageSizeBytes));
    }
}
