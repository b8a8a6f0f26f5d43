using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace HyperVBackup.Disks.Vhd;

/// <summary>What a dynamic or differencing image has beside its footer. Big-endian.</summary>
internal sealed class VhdHeader
{
    public const string Structure = "dynamic header";
    public const int SizeBytes = 1024;

    private const uint SupportedMajorVersion = 1;
    private const int TableOffsetAt = 16;
    private const int VersionAt = TableOffsetAt + sizeof(ulong);
    private const int EntryCountAt = VersionAt + sizeof(uint);
    private const int BlockSizeAt = EntryCountAt + sizeof(uint);
    private const int ChecksumAt = BlockSizeAt + sizeof(uint);
    private const int ParentIdAt = ChecksumAt + sizeof(uint);
    private const int IdSizeBytes = 16;
    private const int ParentNameAt = 64;
    private const int ParentNameSizeBytes = 512;
    private const int LocatorsAt = ParentNameAt + ParentNameSizeBytes;

    private readonly VhdFile file;

    private VhdHeader(VhdFile file, long atBytes, byte[] bytes)
    {
        this.file = file;
        AtBytes = atBytes;
        TableOffsetBytes = BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(TableOffsetAt));
        Version = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(VersionAt));
        EntryCount = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(EntryCountAt));
        BlockSizeBytes = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(BlockSizeAt));
        ParentId = new Guid(bytes.AsSpan(ParentIdAt, IdSizeBytes), bigEndian: true);
        ParentName = Encoding.BigEndianUnicode.GetString(bytes, ParentNameAt, ParentNameSizeBytes).Split('\0')[0];
        Locators =
        [
            .. Enumerable.Range(0, VhdLimits.LocatorCount).Select(
                index => VhdLocator.Read(bytes.AsSpan(LocatorsAt + (index * VhdLocator.SizeBytes)))),
        ];
    }

    public static ReadOnlySpan<byte> Signature => "cxsparse"u8;

    public long AtBytes { get; }

    public ulong TableOffsetBytes { get; }

    public uint Version { get; }

    /// <summary>How many blocks the table has room for.</summary>
    public uint EntryCount { get; }

    /// <summary>Without the block's sector bitmap.</summary>
    public uint BlockSizeBytes { get; }

    /// <summary>The id in the parent's footer.</summary>
    public Guid ParentId { get; }

    /// <summary>The file name of the parent, or its path; "" without one.</summary>
    public string ParentName { get; }

    public IReadOnlyList<VhdLocator> Locators { get; }

    /// <exception cref="DiskImageException">The header is cut off, damaged, or says what cannot be.</exception>
    public static VhdHeader Read(VhdFile file, PlacedFooter placed)
    {
        ulong offsetBytes = placed.Footer.HeaderOffsetBytes;
        if (offsetBytes > long.MaxValue - SizeBytes || (long)offsetBytes > placed.DataEndBytes - SizeBytes
            || offsetBytes < VhdFooter.SizeBytes)
        {
            throw file.Damage(
                "footer", placed.AtBytes, $"places the dynamic header at {offsetBytes}, where the file has none");
        }
        long at = (long)offsetBytes;
        byte[] bytes = file.ReadStructure(Structure, at, SizeBytes);
        if (!bytes.AsSpan().StartsWith(Signature) || !VhdChecksum.Matches(bytes, ChecksumAt))
        {
            throw file.Damage(Structure, at, "has a wrong signature or checksum");
        }
        VhdHeader header = new(file, at, bytes);
        header.Require();
        return header;
    }

    public DiskImageException Damage(string what) => file.Damage(Structure, AtBytes, what);

    private void Require()
    {
        if (Version >> 16 != SupportedMajorVersion)
        {
            throw Damage($"has version {Version:x8}, which is not read");
        }
        if (!BitOperations.IsPow2(BlockSizeBytes)
            || BlockSizeBytes is < VhdLimits.BlockSizeBytesMin or > VhdLimits.BlockSizeBytesMax)
        {
            throw Damage($"gives a block size of {BlockSizeBytes} bytes, which cannot be");
        }
    }
}
