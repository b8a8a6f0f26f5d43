using System.Buffers.Binary;
using System.Text;
using HyperVBackup.Disks.Vhdx;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.SimulatedHost.Images;

/// <summary>Writes a differencing VHDX that holds some pages of a disk and names its parent, as Hyper-V makes one for a
/// checkpoint: with the parent's virtual disk id.</summary>
internal static class DifferencingFile
{
    private const int MiB = 1 << 20;
    private const int LogAt = MiB;
    private const int MetadataAt = 2 * MiB;
    private const int BatAt = 3 * MiB;
    private const int LocatorAt = (64 << 10) + (4 << 10);
    private const int EntryCountAt = 10;
    private const int FlagsAt = (64 << 10) + sizeof(uint);
    private const int HasParentFlag = 2;
    private const int PageSizeBytes = SimulatedImage.PageSizeBytes;

    /// <param name="file">An empty file.</param>
    /// <param name="options">The disk: sizes and identity are its parent's.</param>
    /// <param name="pages">By number; each a page's bytes.</param>
    public static void Write(
        SafeFileHandle file, VhdxWriterOptions options, Guid dataWriteId, Guid parentDataWriteId, string parentPath,
        SortedDictionary<long, byte[]> pages)
    {
        BatLayout layout = new(
            options.VirtualSizeBytes, options.BlockSizeBytes, options.LogicalSectorSizeBytes, hasParent: true);
        long batBytes = RoundUp(layout.EntryCount * BatEntry.SizeBytes);
        byte[] bat = new byte[batBytes];
        WriteData(file, options, layout, pages, bat, BatAt + batBytes);
        RandomAccess.Write(file, bat, BatAt);
        RandomAccess.Write(file, Metadata(options, parentDataWriteId, parentPath), MetadataAt);
        byte[] regions = new byte[RegionTable.SizeBytes];
        RegionTable.WriteTo(
            regions,
            new RegionEntry(VhdxIds.BatRegion, BatAt, (uint)batBytes, IsRequired: true),
            new RegionEntry(VhdxIds.MetadataRegion, MetadataAt, MiB, IsRequired: true));
        RandomAccess.Write(file, regions, RegionTable.FirstAt);
        RandomAccess.Write(file, regions, RegionTable.SecondAt);
        byte[] header = new byte[VhdxHeader.SizeBytes];
        VhdxHeader first = new(
            SequenceNumber: 1, FileWriteId: dataWriteId, DataWriteId: dataWriteId, LogId: Guid.Empty, LogVersion: 0,
            Version: VhdxHeader.SupportedVersion, LogLengthBytes: MiB, LogOffsetBytes: LogAt);
        first.WriteTo(header);
        RandomAccess.Write(file, header, VhdxHeader.FirstAt);
        (first with { SequenceNumber = 2 }).WriteTo(header);
        RandomAccess.Write(file, header, VhdxHeader.SecondAt);
        RandomAccess.Write(file, VhdxDisk.Signature, 0);
    }

    private static void WriteData(
        SafeFileHandle file, VhdxWriterOptions options, BatLayout layout, SortedDictionary<long, byte[]> pages,
        byte[] bat, long endBytes)
    {
        Dictionary<long, byte[]> bitmaps = [];
        Dictionary<long, long> places = [];
        foreach ((long page, byte[] bytes) in pages)
        {
            (long block, long within) = Math.DivRem(page * PageSizeBytes, layout.BlockSizeBytes);
            long chunk = block / layout.BlocksPerChunk;
            if (!places.TryGetValue(block, out long placeBytes))
            {
                places.Add(block, placeBytes = endBytes);
                endBytes += layout.BlockSizeBytes;
                Put(bat, layout.EntryOfBlock(block), new BatEntry(BlockState.PartiallyPresent, placeBytes));
                bitmaps.TryAdd(chunk, new byte[MiB]);
            }

            RandomAccess.Write(file, bytes, placeBytes + within);
            long firstSector = ((page * PageSizeBytes) - (chunk * layout.BlocksPerChunk * layout.BlockSizeBytes))
                / options.LogicalSectorSizeBytes;
            for (long sector = firstSector;
                sector < firstSector + (bytes.Length / options.LogicalSectorSizeBytes); sector++)
            {
                bitmaps[chunk][sector / 8] |= (byte)(1 << (int)(sector % 8));
            }
        }

        foreach ((long chunk, byte[] bits) in bitmaps)
        {
            Put(bat, layout.EntryOfBitmap(chunk), new BatEntry(BlockState.FullyPresent, endBytes));
            RandomAccess.Write(file, bits, endBytes);
            endBytes += MiB;
        }

        RandomAccess.SetLength(file, endBytes);
    }

    private static byte[] Metadata(VhdxWriterOptions options, Guid parentDataWriteId, string parentPath)
    {
        byte[] locator = Locator(
            ("parent_linkage", parentDataWriteId.ToString("B")),
            ("relative_path", @".\" + Path.GetFileName(parentPath)),
            ("absolute_win32_path", parentPath));
        byte[] bytes = new byte[LocatorAt + locator.Length];
        VhdxMetadata.Of(options, options.DiskId!.Value).CopyTo(bytes, 0);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(FlagsAt), HasParentFlag);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(EntryCountAt));
        new MetadataEntry(
            VhdxIds.ParentLocator, LocatorAt, (uint)locator.Length, IsUser: false, IsVirtualDisk: false,
            IsRequired: true).WriteTo(bytes.AsSpan(MetadataTable.EntriesAt + (count * MetadataEntry.SizeBytes)));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(EntryCountAt), (ushort)(count + 1));
        locator.CopyTo(bytes, LocatorAt);
        return bytes;
    }

    private static byte[] Locator(params (string Key, string Value)[] texts)
    {
        const int HeadBytes = 20;
        const int EntryBytes = 12;
        const int CountAt = 18;
        using MemoryStream values = new();
        byte[] head = new byte[HeadBytes + (EntryBytes * texts.Length)];
        VhdxIds.VhdxLocator.TryWriteBytes(head);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(CountAt), (ushort)texts.Length);
        for (int index = 0; index < texts.Length; index++)
        {
            Span<byte> entry = head.AsSpan(HeadBytes + (EntryBytes * index), EntryBytes);
            (string key, string value) = texts[index];
            BinaryPrimitives.WriteUInt32LittleEndian(entry, (uint)(head.Length + values.Length));
            BinaryPrimitives.WriteUInt16LittleEndian(entry[8..], (ushort)(key.Length * sizeof(char)));
            values.Write(Encoding.Unicode.GetBytes(key));
            BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], (uint)(head.Length + values.Length));
            BinaryPrimitives.WriteUInt16LittleEndian(entry[10..], (ushort)(value.Length * sizeof(char)));
            values.Write(Encoding.Unicode.GetBytes(value));
        }

        return [.. head, .. values.ToArray()];
    }

    private static void Put(byte[] bat, long entry, BatEntry value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(bat.AsSpan((int)(entry * BatEntry.SizeBytes)), value.Value);

    private static long RoundUp(long bytes) => Math.Max((bytes + MiB - 1) / MiB * MiB, MiB);
}
