using System.Buffers.Binary;

namespace HyperVBackup.Disks.Vhd;

/// <summary>One of the dynamic header's notes of where the parent may be found. Big-endian.</summary>
/// <param name="Platform">What kind of path it is, as four letters; 0 for none.</param>
/// <param name="LengthBytes">Length of the path. Writers disagree about the unit of the room it has, so that is not
/// looked at.</param>
/// <param name="OffsetBytes">Where in the file the path lies.</param>
internal readonly record struct VhdLocator(uint Platform, uint LengthBytes, ulong OffsetBytes)
{
    public const int SizeBytes = 24;

    /// <summary>W2ru: a path from the child's folder, in UTF-16, low byte first.</summary>
    public const uint RelativePath = 0x57327275;

    /// <summary>W2ku: a whole path, in UTF-16, low byte first.</summary>
    public const uint AbsolutePath = 0x57326B75;

    private const int LengthAt = 8;
    private const int OffsetAt = 16;

    public static VhdLocator Read(ReadOnlySpan<byte> bytes) => new(
        Platform: BinaryPrimitives.ReadUInt32BigEndian(bytes),
        LengthBytes: BinaryPrimitives.ReadUInt32BigEndian(bytes[LengthAt..]),
        OffsetBytes: BinaryPrimitives.ReadUInt64BigEndian(bytes[OffsetAt..]));
}
