using System.Buffers.Binary;

namespace HyperVBackup.Disks.Vhdx;

/// <summary>Where one metadata item lies, counted from the start of the metadata region.</summary>
internal readonly record struct MetadataEntry(
    Guid Id, uint OffsetBytes, uint LengthBytes, bool IsUser, bool IsVirtualDisk, bool IsRequired)
{
    public const int SizeBytes = FlagsAt + (2 * sizeof(uint));

    private const int OffsetAt = 16;
    private const int LengthAt = OffsetAt + sizeof(uint);
    private const int FlagsAt = LengthAt + sizeof(uint);
    private const uint UserFlag = 1;
    private const uint VirtualDiskFlag = 2;
    private const uint RequiredFlag = 4;

    public static MetadataEntry Read(ReadOnlySpan<byte> bytes)
    {
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(bytes[FlagsAt..]);
        return new MetadataEntry(
            Id: new Guid(bytes[..16]),
            OffsetBytes: BinaryPrimitives.ReadUInt32LittleEndian(bytes[OffsetAt..]),
            LengthBytes: BinaryPrimitives.ReadUInt32LittleEndian(bytes[LengthAt..]),
            IsUser: (flags & UserFlag) != 0,
            IsVirtualDisk: (flags & VirtualDiskFlag) != 0,
            IsRequired: (flags & RequiredFlag) != 0);
    }

    public void WriteTo(Span<byte> bytes)
    {
        Id.TryWriteBytes(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[OffsetAt..], OffsetBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[LengthAt..], LengthBytes);
        uint flags = (IsUser ? UserFlag : 0) | (IsVirtualDisk ? VirtualDiskFlag : 0) | (IsRequired ? RequiredFlag : 0);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[FlagsAt..], flags);
    }
}
