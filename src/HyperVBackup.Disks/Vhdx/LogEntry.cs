using System.Buffers.Binary;

namespace HyperVBackup.Disks.Vhdx;

/// <summary>A whole log entry: a header, descriptors of 32 bytes right after it, and a sector of data for each data
/// descriptor.</summary>
internal sealed record LogEntry(
    int AtBytes,
    int LengthBytes,
    uint TailBytes,
    ulong SequenceNumber,
    int DescriptorCount,
    ulong FlushedFileLengthBytes,
    ulong LastFileLengthBytes)
{
    private const int ChecksumAt = 4;
    private const int LengthAt = ChecksumAt + sizeof(uint);
    private const int TailAt = LengthAt + sizeof(uint);
    private const int SequenceNumberAt = TailAt + sizeof(uint);
    private const int DescriptorCountAt = SequenceNumberAt + sizeof(ulong);
    private const int LogIdAt = DescriptorCountAt + (2 * sizeof(uint));
    private const int FlushedFileLengthAt = LogIdAt + 16;
    private const int LastFileLengthAt = FlushedFileLengthAt + sizeof(ulong);
    private const int HeaderSizeBytes = LastFileLengthAt + sizeof(ulong);

    private static ReadOnlySpan<byte> Signature => "loge"u8;

    /// <summary>How many bytes of the entry come before its first sector of data.</summary>
    public int DataAtBytes => RoundUp(HeaderSizeBytes + ((long)DescriptorCount * LogDescriptor.SizeBytes));

    /// <summary>Null where no whole entry of this log starts. Every sector is looked at before the checksum is, so that
    /// entries which pass never share a sector, and a scan of the log takes time linear in its length.</summary>
    public static LogEntry? TryRead(LogRing ring, int atBytes, Guid logId)
    {
        ReadOnlySpan<byte> header = ring.Sector(atBytes, 0);
        uint lengthBytes = BinaryPrimitives.ReadUInt32LittleEndian(header[LengthAt..]);
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(header[DescriptorCountAt..]);
        if (!header.StartsWith(Signature) || new Guid(header.Slice(LogIdAt, 16)) != logId
            || lengthBytes % LogRing.SectorSizeBytes != 0 || lengthBytes == 0 || lengthBytes > ring.LengthBytes
            || count > lengthBytes / LogDescriptor.SizeBytes)
        {
            return null;
        }
        LogEntry entry = new(
            AtBytes: atBytes,
            LengthBytes: (int)lengthBytes,
            TailBytes: BinaryPrimitives.ReadUInt32LittleEndian(header[TailAt..]),
            SequenceNumber: BinaryPrimitives.ReadUInt64LittleEndian(header[SequenceNumberAt..]),
            DescriptorCount: (int)count,
            FlushedFileLengthBytes: BinaryPrimitives.ReadUInt64LittleEndian(header[FlushedFileLengthAt..]),
            LastFileLengthBytes: BinaryPrimitives.ReadUInt64LittleEndian(header[LastFileLengthAt..]));
        return entry.SequenceNumber != 0 && entry.IsWhole(ring) && entry.HasItsChecksum(ring) ? entry : null;
    }

    /// <summary>Whether this entry stands right after <paramref name="previous"/> and is numbered one above it.
    /// </summary>
    public bool Follows(LogEntry previous, LogRing ring) =>
        SequenceNumber - 1 == previous.SequenceNumber
        && AtBytes == ring.Wrap(previous.AtBytes, previous.LengthBytes);

    public LogDescriptor Descriptor(LogRing ring, int index)
    {
        int at = HeaderSizeBytes + (index * LogDescriptor.SizeBytes);
        int inSector = at % LogRing.SectorSizeBytes;
        return LogDescriptor.Read(ring.Sector(AtBytes, at - inSector)[inSector..]);
    }

    private bool IsWhole(LogRing ring)
    {
        long dataAt = DataAtBytes;
        for (int index = 0; index < DescriptorCount; index++)
        {
            LogDescriptor descriptor = Descriptor(ring, index);
            if (!descriptor.IsKnown || descriptor.SequenceNumber != SequenceNumber)
            {
                return false;
            }
            if (!descriptor.IsData)
            {
                continue;
            }
            if (dataAt >= LengthBytes || !LogDataSector.Belongs(ring.Sector(AtBytes, (int)dataAt), SequenceNumber))
            {
                return false;
            }
            dataAt += LogRing.SectorSizeBytes;
        }
        return dataAt == LengthBytes;
    }

    private bool HasItsChecksum(LogRing ring)
    {
        byte[] bytes = new byte[LengthBytes];
        for (int at = 0; at < LengthBytes; at += LogRing.SectorSizeBytes)
        {
            ring.Sector(AtBytes, at).CopyTo(bytes.AsSpan(at));
        }
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(ChecksumAt))
            == Crc32C.WithoutField(bytes, ChecksumAt);
    }

    private static int RoundUp(long value) =>
        (int)((value + LogRing.SectorSizeBytes - 1) / LogRing.SectorSizeBytes * LogRing.SectorSizeBytes);
}
