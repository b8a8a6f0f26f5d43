using System.Buffers.Binary;

namespace HyperVBackup.Disks.Vhdx;

/// <summary>The metadata of a new image.</summary>
internal static class VhdxMetadata
{
    private const int ParametersAt = MetadataTable.SizeBytes;
    private const int ParametersSizeBytes = 2 * sizeof(uint);
    private const int VirtualSizeAt = ParametersAt + ParametersSizeBytes;
    private const int DiskIdAt = VirtualSizeAt + sizeof(ulong);
    private const int LogicalSectorSizeAt = DiskIdAt + 16;
    private const int PhysicalSectorSizeAt = LogicalSectorSizeAt + sizeof(uint);
    private const int SizeBytes = PhysicalSectorSizeAt + sizeof(uint);

    /// <summary>The first bytes of the metadata region; the rest of it is zeros.</summary>
    public static byte[] Of(VhdxWriterOptions options, Guid diskId)
    {
        byte[] bytes = new byte[SizeBytes];
        MetadataTable.WriteTo(
            bytes,
            new(VhdxIds.FileParameters, ParametersAt, ParametersSizeBytes, false, IsVirtualDisk: false, true),
            Item(VhdxIds.VirtualDiskSize, VirtualSizeAt, sizeof(ulong)),
            Item(VhdxIds.VirtualDiskId, DiskIdAt, 16),
            Item(VhdxIds.LogicalSectorSize, LogicalSectorSizeAt, sizeof(uint)),
            Item(VhdxIds.PhysicalSectorSize, PhysicalSectorSizeAt, sizeof(uint)));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(ParametersAt), options.BlockSizeBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(
            bytes.AsSpan(ParametersAt + sizeof(uint)), options.IsFixed ? VhdxParameters.FixedFlag : 0);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(VirtualSizeAt), options.VirtualSizeBytes);
        diskId.TryWriteBytes(bytes.AsSpan(DiskIdAt));
        BinaryPrimitives.WriteInt32LittleEndian(
            bytes.AsSpan(LogicalSectorSizeAt), options.LogicalSectorSizeBytes);
        BinaryPrimitives.WriteInt32LittleEndian(
            bytes.AsSpan(PhysicalSectorSizeAt), options.PhysicalSectorSizeBytes);
        return bytes;
    }

    private static MetadataEntry Item(Guid id, int at, int lengthBytes) =>
        new(id, (uint)at, (uint)lengthBytes, IsUser: false, IsVirtualDisk: true, IsRequired: true);
}
