using System.Buffers.Binary;
using System.Text;

namespace HyperVBackup.Testing.Images;

/// <summary>Makes dynamic and differencing VHDs, from the format's description alone: the product writes none.
/// Blocks lie in the order in which they were first written to.</summary>
/// <param name="sizeBytes">Size of the disk, whole sectors.</param>
/// <param name="blockSizeBytes">Size of a block, a power of two.</param>
/// <param name="id">The id that children know the image by.</param>
public sealed class VhdBuilder(long sizeBytes, int blockSizeBytes, Guid id)
{
    private const int SectorBytes = 512;
    private const int FooterBytes = 512;
    private const int HeaderAt = FooterBytes;
    private const int HeaderBytes = 1024;
    private const int LocatorsAt = HeaderAt + HeaderBytes;
    private const int LocatorRoomBytes = 1024;
    private const int TableAt = LocatorsAt + (2 * LocatorRoomBytes);
    private const int Fixed = 2;
    private const int Dynamic = 3;
    private const int Differencing = 4;

    private readonly List<(long Block, byte[] Bitmap, byte[] Data)> blocks = [];
    private Guid parentId;
    private string parentName = "";
    private readonly Dictionary<string, string> paths = [];

    /// <summary>Bytes left empty before each block.</summary>
    public int GapBytes { get; init; }

    /// <summary>Makes it a differencing image on another one.</summary>
    /// <param name="id">The parent's id.</param>
    /// <param name="name">The file name that the header gives; not in one of the locators.</param>
    public VhdBuilder On(Guid id, string name)
    {
        (parentId, parentName) = (id, name);
        return this;
    }

    /// <summary>Adds a path to the parent.</summary>
    /// <param name="platform">"W2ru" or "W2ku".</param>
    /// <param name="path">As Windows writes it.</param>
    public VhdBuilder At(string platform, string path)
    {
        paths[platform] = path;
        return this;
    }

    /// <summary>Writes whole sectors, as a guest does.</summary>
    public void Write(long offsetBytes, ReadOnlySpan<byte> data)
    {
        for (int done = 0; done < data.Length; done += SectorBytes)
        {
            (long block, long within) = Math.DivRem(offsetBytes + done, blockSizeBytes);
            (_, byte[] bitmap, byte[] bytes) = BlockOf(block);
            int sector = (int)(within / SectorBytes);
            bitmap[sector / 8] |= (byte)(0x80 >> (sector % 8));
            data.Slice(done, SectorBytes).CopyTo(bytes.AsSpan((int)within));
        }
    }

    /// <summary>The whole file.</summary>
    public byte[] Build()
    {
        long count = (sizeBytes + blockSizeBytes - 1) / blockSizeBytes;
        byte[] table = new byte[(((count * 4) + SectorBytes - 1) / SectorBytes) * SectorBytes];
        table.AsSpan().Fill(0xFF);
        byte[] footer = Footer(parentName.Length == 0 ? Dynamic : Differencing, HeaderAt, sizeBytes, id);
        using MemoryStream file = new();
        file.Write(footer);
        file.Write(Header((uint)count));
        file.Write(Locators());
        file.Write(table);
        foreach ((long block, byte[] bitmap, byte[] data) in blocks)
        {
            file.Write(new byte[GapBytes]);
            BinaryPrimitives.WriteUInt32BigEndian(table.AsSpan((int)block * 4), (uint)(file.Length / SectorBytes));
            file.Write(bitmap);
            file.Write(data);
        }

        file.Write(footer);
        byte[] bytes = file.ToArray();
        table.CopyTo(bytes, TableAt);
        return bytes;
    }

    /// <summary>A fixed VHD of some bytes.</summary>
    /// <param name="content">The disk, whole sectors.</param>
    /// <param name="id">The id that children know the image by.</param>
    /// <param name="isOld">Whether the footer lacks its last byte, as the oldest writers left it out.</param>
    public static byte[] FixedOf(byte[] content, Guid id, bool isOld = false)
    {
        ArgumentNullException.ThrowIfNull(content);
        byte[] footer = Footer(Fixed, -1, content.Length, id);
        return [.. content, .. isOld ? footer[..^1] : footer];
    }

    /// <summary>Makes a structure's checksum right again.</summary>
    /// <param name="structure">A footer (of 512 bytes) or dynamic header (of 1024), as it begins.</param>
    public static void Seal(Span<byte> structure)
    {
        int at = structure[1] == (byte)'o' ? 64 : 36;
        structure.Slice(at, 4).Clear();
        uint sum = 0;
        foreach (byte value in structure[..(at == 64 ? FooterBytes : HeaderBytes)])
        {
            sum += value;
        }

        BinaryPrimitives.WriteUInt32BigEndian(structure[at..], ~sum);
    }

    private static byte[] Footer(int kind, long headerAt, long sizeBytes, Guid id)
    {
        byte[] footer = new byte[FooterBytes];
        "conectix"u8.CopyTo(footer);
        BinaryPrimitives.WriteUInt32BigEndian(footer.AsSpan(8), 2);
        BinaryPrimitives.WriteUInt32BigEndian(footer.AsSpan(12), 0x10000);
        BinaryPrimitives.WriteInt64BigEndian(footer.AsSpan(16), headerAt);
        "win "u8.CopyTo(footer.AsSpan(28));
        "Wi2k"u8.CopyTo(footer.AsSpan(36));
        BinaryPrimitives.WriteInt64BigEndian(footer.AsSpan(40), sizeBytes);
        BinaryPrimitives.WriteInt64BigEndian(footer.AsSpan(48), sizeBytes);
        BinaryPrimitives.WriteInt32BigEndian(footer.AsSpan(60), kind);
        id.TryWriteBytes(footer.AsSpan(68), bigEndian: true, out _);
        Seal(footer);
        return footer;
    }

    private byte[] Header(uint entryCount)
    {
        byte[] header = new byte[HeaderBytes];
        "cxsparse"u8.CopyTo(header);
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(8), -1);
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(16), TableAt);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(24), 0x10000);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(28), entryCount);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(32), blockSizeBytes);
        parentId.TryWriteBytes(header.AsSpan(40), bigEndian: true, out _);
        Encoding.BigEndianUnicode.GetBytes(parentName, header.AsSpan(64, 512));
        int at = 576;
        int pathAt = LocatorsAt;
        foreach ((string platform, string path) in paths)
        {
            Encoding.ASCII.GetBytes(platform, header.AsSpan(at));
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(at + 4), LocatorRoomBytes);
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(at + 8), path.Length * 2);
            BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(at + 16), pathAt);
            at += 24;
            pathAt += LocatorRoomBytes;
        }

        Seal(header);
        return header;
    }

    private byte[] Locators()
    {
        byte[] room = new byte[2 * LocatorRoomBytes];
        int at = 0;
        foreach (string path in paths.Values)
        {
            Encoding.Unicode.GetBytes(path, room.AsSpan(at, LocatorRoomBytes));
            at += LocatorRoomBytes;
        }

        return room;
    }

    private (long Block, byte[] Bitmap, byte[] Data) BlockOf(long block)
    {
        int index = blocks.FindIndex(other => other.Block == block);
        if (index < 0)
        {
            index = blocks.Count;
            int bitmapBytes = ((blockSizeBytes / SectorBytes / 8) + SectorBytes - 1) / SectorBytes * SectorBytes;
            blocks.Add((block, new byte[Math.Max(bitmapBytes, SectorBytes)], new byte[blockSizeBytes]));
        }

        return blocks[index];
    }
}
