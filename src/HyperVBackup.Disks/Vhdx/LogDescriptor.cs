using System.Buffers.Binary;

namespace HyperVBackup.Disks.Vhdx;

/// <summary>What a log entry changes: a page of 4 KiB (its ends kept here, its middle in a data sector), or a range
/// that becomes zeros.</summary>
internal readonly record struct LogDescriptor(
    bool IsData, bool IsKnown, uint TrailingBytes, ulong LeadingBytesOrLength, ulong OffsetBytes, ulong SequenceNumber)
{
    public const int SizeBytes = SequenceNumberAt + sizeof(ulong);

    private const int TrailingAt = 4;
    private const int LeadingAt = TrailingAt + sizeof(uint);
    private const int OffsetAt = LeadingAt + sizeof(ulong);
    private const int SequenceNumberAt = OffsetAt + sizeof(ulong);

    public static LogDescriptor Read(ReadOnlySpan<byte> bytes)
    {
        bool isData = bytes.StartsWith("desc"u8);
        return new LogDescriptor(
            IsData: isData,
            IsKnown: isData || bytes.StartsWith("zero"u8),
            TrailingBytes: BinaryPrimitives.ReadUInt32LittleEndian(bytes[TrailingAt..]),
            LeadingBytesOrLength: BinaryPrimitives.ReadUInt64LittleEndian(bytes[LeadingAt..]),
            OffsetBytes: BinaryPrimitives.ReadUInt64LittleEndian(bytes[OffsetAt..]),
            SequenceNumber: BinaryPrimitives.ReadUInt64LittleEndian(bytes[SequenceNumberAt..]));
    }
}
