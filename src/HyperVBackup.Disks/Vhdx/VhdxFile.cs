namespace HyperVBackup.Disks.Vhdx;

/// <summary>A VHDX file's bytes as they are once its log is replayed; the file itself is never changed. Counts what is
/// read of its structures. Thread-safe.</summary>
internal sealed class VhdxFile(ImageFile file) : IDisposable
{
    private LogOverlay overlay = LogOverlay.Empty;
    private long metadataBytesRead;

    public string Path => file.Path;

    /// <inheritdoc cref="ImageFile.Stamp"/>
    public DiskStamp? Stamp => file.Stamp;

    /// <summary>The file's length after the replay.</summary>
    public long LengthBytes => Math.Max(file.LengthBytes, overlay.FileLengthBytesMin);

    /// <summary>Whether a log changes anything of what the file holds.</summary>
    public bool IsReplayed => !overlay.IsEmpty;

    /// <summary>Bytes of structures (all but the guest's data) read so far.</summary>
    public long MetadataBytesRead => Interlocked.Read(ref metadataBytesRead);

    /// <summary>Lays a replayed log over the file; once, before anything else shares this object.</summary>
    public void Overlay(LogOverlay replayed) => overlay = replayed;

    public byte[] ReadStructure(string structure, long offsetBytes, int lengthBytes)
    {
        byte[] bytes = new byte[lengthBytes];
        ReadStructure(structure, offsetBytes, bytes);
        return bytes;
    }

    public void ReadStructure(string structure, long offsetBytes, Span<byte> bytes)
    {
        Interlocked.Add(ref metadataBytesRead, bytes.Length);
        Read(structure, offsetBytes, bytes);
    }

    /// <exception cref="DiskImageException">The file is cut off or cannot be read.</exception>
    public void Read(string structure, long offsetBytes, Span<byte> bytes)
    {
        int inFile = bytes.Length;
        if (offsetBytes > file.LengthBytes - inFile && offsetBytes + inFile <= LengthBytes)
        {
            inFile = (int)Math.Max(0, file.LengthBytes - offsetBytes);
            bytes[inFile..].Clear();
        }
        file.Read(structure, offsetBytes, bytes[..inFile]);
        overlay.Apply(offsetBytes, bytes);
    }

    /// <summary>The part of the file from an offset on that the file system keeps nothing for; null where there is
    /// something, or where it cannot say.</summary>
    public ByteRange? HoleAt(long offsetBytes) => file.HoleAt(offsetBytes);

    /// <summary>What a range inside a hole of the file reads as, without reading it.</summary>
    public void ReadHole(long offsetBytes, Span<byte> bytes)
    {
        bytes.Clear();
        overlay.Apply(offsetBytes, bytes);
    }

    public DiskImageException Damage(string structure, long offsetBytes, string what) =>
        file.Damage(structure, offsetBytes, what);

    public void Dispose() => file.Dispose();
}
