using System.Buffers.Binary;

namespace HyperVBackup.Disks.Vhdx;

/// <summary>A sector of logged data. Its entry's sequence number stands in two halves at its two ends, in the place of
/// the page's own bytes, which its descriptor keeps: a sector torn in writing shows.</summary>
internal static class LogDataSector
{
    private const int HighAt = 4;
    private const int LowAt = LogRing.SectorSizeBytes - sizeof(uint);

    public static bool Belongs(ReadOnlySpan<byte> sector, ulong sequenceNumber) =>
        sector.StartsWith("data"u8)
        && BinaryPrimitives.ReadUInt32LittleEndian(sector[HighAt..]) == (uint)(sequenceNumber >> 32)
        && BinaryPrimitives.ReadUInt32LittleEndian(sector[LowAt..]) == (uint)(sequenceNumber & uint.MaxValue);

    public static byte[] Page(ReadOnlySpan<byte> sector, LogDescriptor descriptor)
    {
        byte[] page = sector.ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(page, descriptor.LeadingBytesOrLength);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(LowAt), descriptor.TrailingBytes);
        return page;
    }
}
