using System.Buffers.Binary;

namespace HyperVBackup.Disks.Vhdx;

/// <summary>One of the file's two headers. The valid one with the higher sequence number speaks.</summary>
internal readonly record struct VhdxHeader(
    ulong SequenceNumber,
    Guid FileWriteId,
    Guid DataWriteId,
    Guid LogId,
    ushort LogVersion,
    ushort Version,
    uint LogLengthBytes,
    ulong LogOffsetBytes)
{
    public const int SizeBytes = 4096;
    public const long FirstAt = 64 << 10;
    public const long SecondAt = 128 << 10;
    public const ushort SupportedVersion = 1;

    private const int ChecksumAt = 4;
    private const int SequenceNumberAt = ChecksumAt + sizeof(uint);
    private const int FileWriteIdAt = SequenceNumberAt + sizeof(ulong);
    private const int DataWriteIdAt = FileWriteIdAt + 16;
    private const int LogIdAt = DataWriteIdAt + 16;
    private const int LogVersionAt = LogIdAt + 16;
    private const int VersionAt = LogVersionAt + sizeof(ushort);
    private const int LogLengthAt = VersionAt + sizeof(ushort);
    private const int LogOffsetAt = LogLengthAt + sizeof(uint);

    private static ReadOnlySpan<byte> Signature => "head"u8;

    /// <summary>False where signature or checksum is wrong: a header torn while it was written.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out VhdxHeader header)
    {
        header = default;
        if (!bytes.StartsWith(Signature)
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[ChecksumAt..]) != Crc32C.WithoutField(bytes, ChecksumAt))
        {
            return false;
        }
        header = new VhdxHeader(
            SequenceNumber: BinaryPrimitives.ReadUInt64LittleEndian(bytes[SequenceNumberAt..]),
            FileWriteId: new Guid(bytes.Slice(FileWriteIdAt, 16)),
            DataWriteId: new Guid(bytes.Slice(DataWriteIdAt, 16)),
            LogId: new Guid(bytes.Slice(LogIdAt, 16)),
            LogVersion: BinaryPrimitives.ReadUInt16LittleEndian(bytes[LogVersionAt..]),
            Version: BinaryPrimitives.ReadUInt16LittleEndian(bytes[VersionAt..]),
            LogLengthBytes: BinaryPrimitives.ReadUInt32LittleEndian(bytes[LogLengthAt..]),
            LogOffsetBytes: BinaryPrimitives.ReadUInt64LittleEndian(bytes[LogOffsetAt..]));
        return true;
    }

    public void WriteTo(Span<byte> bytes)
    {
        bytes = bytes[..SizeBytes];
        bytes.Clear();
        Signature.CopyTo(bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[SequenceNumberAt..], SequenceNumber);
        FileWriteId.TryWriteBytes(bytes[FileWriteIdAt..]);
        DataWriteId.TryWriteBytes(bytes[DataWriteIdAt..]);
        LogId.TryWriteBytes(bytes[LogIdAt..]);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[LogVersionAt..], LogVersion);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[VersionAt..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[LogLengthAt..], LogLengthBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[LogOffsetAt..], LogOffsetBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[ChecksumAt..], Crc32C.WithoutField(bytes, ChecksumAt));
    }
}
