using System.Buffers.Binary;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.SimulatedHost.Images;

/// <summary>Writes a dynamic or differencing VHD that holds some pages of a disk. Big-endian; no verb writes such.
/// </summary>
internal static class VhdFile
{
    /// <summary>Size of a block.</summary>
    public const int BlockBytes = 512 << 10;

    private const int SectorBytes = 512;
    private const int HeaderBytes = 1024;
    private const int LocatorAt = SectorBytes + HeaderBytes;
    private const int TableAt = LocatorAt + SectorBytes;
    private const int BitmapBytes = SectorBytes;
    private const int Dynamic = 3;
    private const int Differencing = 4;
    private const int ParentIdAt = 40;
    private const int ParentNameAt = 64;
    private const int ParentNameBytes = 512;
    private const int LocatorEntryAt = ParentNameAt + ParentNameBytes;

    /// <param name="file">An empty file.</param>
    /// <param name="parent">The image that it holds the differences to; null for none.</param>
    /// <param name="pages">By number; each a page's bytes.</param>
    public static void Write(
        SafeFileHandle file, long sizeBytes, Guid id, (Guid Id, string Path)? parent,
        SortedDictionary<long, byte[]> pages)
    {
        long blockCount = (sizeBytes + BlockBytes - 1) / BlockBytes;
        byte[] table = new byte[((blockCount * sizeof(uint)) + SectorBytes - 1) / SectorBytes * SectorBytes];
        table.AsSpan().Fill(0xFF);
        long endBytes = TableAt + table.Length;
        foreach (IGrouping<long, KeyValuePair<long, byte[]>> block in pages
            .Where(page => page.Key * SimulatedImage.PageSizeBytes < sizeBytes)
            .GroupBy(page => page.Key * SimulatedImage.PageSizeBytes / BlockBytes))
        {
            BinaryPrimitives.WriteUInt32BigEndian(
                table.AsSpan((int)block.Key * sizeof(uint)), (uint)(endBytes / SectorBytes));
            WriteBlock(file, endBytes, block);
            endBytes += BitmapBytes + BlockBytes;
        }

        byte[] footer = Footer(parent is null ? Dynamic : Differencing, sizeBytes, id);
        RandomAccess.Write(file, footer, 0);
        RandomAccess.Write(file, Header((uint)blockCount, parent), SectorBytes);
        RandomAccess.Write(file, Encoding.Unicode.GetBytes(NameOf(parent)), LocatorAt);
        RandomAccess.Write(file, table, TableAt);
        RandomAccess.Write(file, footer, endBytes);
    }

    private static void WriteBlock(
        SafeFileHandle file, long atBytes, IGrouping<long, KeyValuePair<long, byte[]>> block)
    {
        byte[] bitmap = new byte[BitmapBytes];
        foreach ((long page, byte[] bytes) in block)
        {
            long within = (page * SimulatedImage.PageSizeBytes) - (block.Key * BlockBytes);
            bitmap[within / SectorBytes / 8] = 0xFF; // a page is eight sectors
            RandomAccess.Write(file, bytes, atBytes + BitmapBytes + within);
        }

        RandomAccess.Write(file, bitmap, atBytes);
    }

    private static byte[] Footer(int kind, long sizeBytes, Guid id)
    {
        byte[] footer = new byte[SectorBytes];
        "conectix"u8.CopyTo(footer);
        BinaryPrimitives.WriteUInt32BigEndian(footer.AsSpan(8), 2);
        BinaryPrimitives.WriteUInt32BigEndian(footer.AsSpan(12), 0x10000);
        BinaryPrimitives.WriteInt64BigEndian(footer.AsSpan(16), SectorBytes);
        BinaryPrimitives.WriteInt64BigEndian(footer.AsSpan(40), sizeBytes);
        BinaryPrimitives.WriteInt64BigEndian(footer.AsSpan(48), sizeBytes);
        BinaryPrimitives.WriteInt32BigEndian(footer.AsSpan(60), kind);
        id.TryWriteBytes(footer.AsSpan(68), bigEndian: true, out _);
        Seal(footer, 64);
        return footer;
    }

    private static byte[] Header(uint blockCount, (Guid Id, string Path)? parent)
    {
        byte[] header = new byte[HeaderBytes];
        "cxsparse"u8.CopyTo(header);
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(8), -1);
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(16), TableAt);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(24), 0x10000);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(28), blockCount);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(32), BlockBytes);
        if (parent is { } known)
        {
            string name = NameOf(known);
            known.Id.TryWriteBytes(header.AsSpan(ParentIdAt), bigEndian: true, out _);
            Encoding.BigEndianUnicode.GetBytes(name, header.AsSpan(ParentNameAt, ParentNameBytes));
            Span<byte> locator = header.AsSpan(LocatorEntryAt);
            "W2ru"u8.CopyTo(locator);
            BinaryPrimitives.WriteInt32BigEndian(locator[4..], SectorBytes);
            BinaryPrimitives.WriteInt32BigEndian(locator[8..], name.Length * sizeof(char));
            BinaryPrimitives.WriteInt64BigEndian(locator[16..], LocatorAt);
        }

        Seal(header, 36);
        return header;
    }

    /// <summary>Parent and child are in one folder.</summary>
    private static string NameOf((Guid Id, string Path)? parent) =>
        parent is { } known ? @".\" + Path.GetFileName(known.Path) : "";

    private static void Seal(Span<byte> structure, int checksumAt)
    {
        uint sum = 0;
        foreach (byte value in structure)
        {
            sum += value;
        }

        BinaryPrimitives.WriteUInt32BigEndian(structure[checksumAt..], ~sum);
    }
}
