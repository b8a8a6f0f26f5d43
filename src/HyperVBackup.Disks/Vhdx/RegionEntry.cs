using System.Buffers.Binary;

namespace HyperVBackup.Disks.Vhdx;

/// <summary>Where one region lies, as a region table says.</summary>
internal readonly record struct RegionEntry(Guid Id, ulong OffsetBytes, uint LengthBytes, bool IsRequired)
{
    public const int SizeBytes = RequiredAt + sizeof(uint);

    private const int OffsetAt = 16;
    private const int LengthAt = OffsetAt + sizeof(ulong);
    private const int RequiredAt = LengthAt + sizeof(uint);

    public static RegionEntry Read(ReadOnlySpan<byte> bytes) => new(
        Id: new Guid(bytes[..16]),
        OffsetBytes: BinaryPrimitives.ReadUInt64LittleEndian(bytes[OffsetAt..]),
        LengthBytes: BinaryPrimitives.ReadUInt32LittleEndian(bytes[LengthAt..]),
        IsRequired: (bytes[RequiredAt] & 1) != 0);

    public void WriteTo(Span<byte> bytes)
    {
        Id.TryWriteBytes(bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[OffsetAt..], OffsetBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[LengthAt..], LengthBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[RequiredAt..], IsRequired ? 1u : 0);
    }
}
