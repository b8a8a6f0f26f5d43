using System.Buffers.Binary;
using System.Numerics;

namespace HyperVBackup.Disks.Vhdx;

/// <summary>What the metadata says of the disk, held against the format's limits.</summary>
internal sealed record VhdxParameters(
    long VirtualSizeBytes,
    long BlockSizeBytes,
    int LogicalSectorSizeBytes,
    int PhysicalSectorSizeBytes,
    Guid DiskId,
    bool IsFixed,
    bool HasParent)
{
    public const uint FixedFlag = 1;
    public const uint ParentFlag = 2;

    /// <exception cref="DiskImageException">An item is missing or out of its limits.</exception>
    public static VhdxParameters Read(VhdxFile file, MetadataTable table)
    {
        byte[] bytes = table.Item(VhdxIds.FileParameters, "file parameters", 2 * sizeof(uint), out long at);
        uint blockSize = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (!BitOperations.IsPow2(blockSize)
            || blockSize is < (uint)VhdxLimits.BlockSizeBytesMin or > (uint)VhdxLimits.BlockSizeBytesMax)
        {
            throw file.Damage("file parameters", at, $"give a block size of {blockSize} bytes, which cannot be");
        }
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(sizeof(uint)));
        int logicalSectorSize = SectorSize(file, table, VhdxIds.LogicalSectorSize, "logical sector size");
        return new VhdxParameters(
            VirtualSizeBytes: VirtualSize(file, table, logicalSectorSize),
            BlockSizeBytes: blockSize,
            LogicalSectorSizeBytes: logicalSectorSize,
            PhysicalSectorSizeBytes: SectorSize(file, table, VhdxIds.PhysicalSectorSize, "physical sector size"),
            DiskId: new Guid(table.Item(VhdxIds.VirtualDiskId, "virtual disk id", 16, out _).AsSpan(0, 16)),
            IsFixed: (flags & FixedFlag) != 0,
            HasParent: (flags & ParentFlag) != 0);
    }

    private static long VirtualSize(VhdxFile file, MetadataTable table, int logicalSectorSize)
    {
        byte[] bytes = table.Item(VhdxIds.VirtualDiskSize, "virtual disk size", sizeof(ulong), out long at);
        ulong size = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        return size <= VhdxLimits.VirtualSizeBytesMax && size % (uint)logicalSectorSize == 0
            ? (long)size
            : throw file.Damage(
                "virtual disk size", at, $"is {size} bytes: over 64 TiB, or not in sectors of {logicalSectorSize}");
    }

    private static int SectorSize(VhdxFile file, MetadataTable table, Guid id, string name)
    {
        byte[] bytes = table.Item(id, name, sizeof(uint), out long at);
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        return size is VhdxLimits.LogicalSectorSizeBytesSmall or VhdxLimits.LogicalSectorSizeBytesLarge
            ? (int)size
            : throw file.Damage(name, at, $"is {size} bytes, neither 512 nor 4096");
    }
}
