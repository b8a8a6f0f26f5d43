using System.Buffers.Binary;

namespace HyperVBackup.Disks.Vhd;

/// <summary>The last sector of every VHD, of which all but fixed ones keep a copy at the start. Big-endian.</summary>
/// <param name="Version">Major number in the high half.</param>
/// <param name="HeaderOffsetBytes">Where the dynamic header lies; without meaning in a fixed image.</param>
/// <param name="VirtualSizeBytes">The disk's size now; its geometry tells a smaller one, for old guests.</param>
/// <param name="Kind">How the disk is kept; any number.</param>
/// <param name="Id">The image's own id, which children know it by. It stays when the data changes.</param>
internal readonly record struct VhdFooter(
    uint Version, ulong HeaderOffsetBytes, ulong VirtualSizeBytes, VhdKind Kind, Guid Id)
{
    public const int SizeBytes = 512;

    /// <summary>What the oldest writers wrote of it, who left out the last byte.</summary>
    public const int OldSizeBytes = 511;

    public const uint SupportedMajorVersion = 1;

    private const int VersionAt = 12;
    private const int HeaderOffsetAt = VersionAt + sizeof(uint);
    private const int VirtualSizeAt = 48;
    private const int KindAt = 60;
    private const int ChecksumAt = KindAt + sizeof(uint);
    private const int IdAt = ChecksumAt + sizeof(uint);
    private const int IdSizeBytes = 16;

    public static ReadOnlySpan<byte> Signature => "conectix"u8;

    public uint MajorVersion => Version >> 16;

    /// <summary>False where signature or checksum is wrong.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out VhdFooter footer)
    {
        footer = default;
        if (!bytes.StartsWith(Signature) || !VhdChecksum.Matches(bytes, ChecksumAt))
        {
            return false;
        }
        footer = new VhdFooter(
            Version: BinaryPrimitives.ReadUInt32BigEndian(bytes[VersionAt..]),
            HeaderOffsetBytes: BinaryPrimitives.ReadUInt64BigEndian(bytes[HeaderOffsetAt..]),
            VirtualSizeBytes: BinaryPrimitives.ReadUInt64BigEndian(bytes[VirtualSizeAt..]),
            Kind: (VhdKind)BinaryPrimitives.ReadInt32BigEndian(bytes[KindAt..]),
            Id: new Guid(bytes.Slice(IdAt, IdSizeBytes), bigEndian: true));
        return true;
    }
}
