namespace HyperVBackup.Disks.Vhd;

/// <summary>A VHD's file. Counts what is read of its structures. Thread-safe.</summary>
internal sealed class VhdFile(ImageFile file) : IDisposable
{
    private long metadataBytesRead;

    public string Path => file.Path;

    /// <inheritdoc cref="ImageFile.Stamp"/>
    public DiskStamp? Stamp => file.Stamp;

    /// <inheritdoc cref="ImageFile.ChangedAt"/>
    public DateTime ChangedAt => file.ChangedAt;

    /// <inheritdoc cref="ImageFile.LengthBytes"/>
    public long LengthBytes => file.LengthBytes;

    /// <summary>Bytes of structures (all but the guest's data) read so far.</summary>
    public long MetadataBytesRead => Interlocked.Read(ref metadataBytesRead);

    public byte[] ReadStructure(string structure, long offsetBytes, int lengthBytes)
    {
        byte[] bytes = new byte[lengthBytes];
        ReadStructure(structure, offsetBytes, bytes);
        return bytes;
    }

    /// <exception cref="DiskImageException">The file is cut off or cannot be read.</exception>
    public void ReadStructure(string structure, long offsetBytes, Span<byte> bytes)
    {
        Interlocked.Add(ref metadataBytesRead, bytes.Length);
        file.Read(structure, offsetBytes, bytes);
    }

    /// <inheritdoc cref="ImageFile.Read"/>
    public void ReadData(long offsetBytes, Span<byte> bytes) => file.Read("data", offsetBytes, bytes);

    /// <inheritdoc cref="ImageFile.DataRanges"/>
    public IEnumerable<ByteRange> DataRanges(ByteRange range) => file.DataRanges(range);

    public DiskImageException Damage(string structure, long offsetBytes, string what) =>
        file.Damage(structure, offsetBytes, what);

    public void Dispose() => file.Dispose();
}
