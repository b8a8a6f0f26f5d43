using System.Buffers.Binary;
using System.Text;
using HyperVBackup.Disks.Vhdx;

namespace HyperVBackup.Testing.Images;

/// <summary>Writes a differencing image, from the format's description alone: the product writes none.</summary>
internal sealed class DifferencingImage
{
    private const int MiB = 1 << 20;
    private const int BatAt = 3 * MiB;
    private const int LocatorAt = (2 * MiB) + 65_536 + 4096;

    private readonly BatLayout layout;
    private readonly int sectorSize;
    private byte[] file = new byte[4 * MiB];
    private long? bitmapAt;

    /// <param name="diskId">The virtual disk id; Hyper-V gives a child its parent's.</param>
    public DifferencingImage(long virtualSize, int blockSize, int sectorSize, Guid? diskId = null)
    {
        this.sectorSize = sectorSize;
        layout = new BatLayout(virtualSize, blockSize, sectorSize, hasParent: true);
        VhdxWriterOptions options = new()
        {
            VirtualSizeBytes = virtualSize,
            BlockSizeBytes = blockSize,
            LogicalSectorSizeBytes = sectorSize,
            FillRandom = _ => { },
        };
        byte[] metadata = VhdxMetadata.Of(
            options, diskId ?? new Guid("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"));
        BinaryPrimitives.WriteUInt32LittleEndian(metadata.AsSpan(65_536 + 4), 2);
        BinaryPrimitives.WriteUInt16LittleEndian(metadata.AsSpan(10), 6);
        Put(0, "vhdxfile"u8);
        Put(2 * MiB, metadata);
        PutRegions();
    }

    /// <summary>The id children of this image know it by.</summary>
    public Guid DataWriteId { get; init; } = new("12345678-1234-4234-8234-123456789012");

    public Dictionary<string, string> Locator { get; } = [];

    /// <summary>Names the parent, in the same folder, by the id that children know it by.</summary>
    public void SetParent(Guid dataWriteId, string fileName)
    {
        Locator[ParentLocator.Linkage] = dataWriteId.ToString("B");
        Locator[ParentLocator.RelativePath] = @".\" + fileName;
    }

    /// <summary>Says what the table says of a block, without data.</summary>
    public void Mark(long block, BlockState state) => PutEntry(layout.EntryOfBlock(block), new BatEntry(state, 0));

    public void PutBlock(long block, byte[] data)
    {
        long at = Append(data, (int)layout.BlockSizeBytes);
        PutEntry(layout.EntryOfBlock(block), new BatEntry(BlockState.FullyPresent, at));
    }

    /// <summary>Puts a block of which only some sectors count. All blocks lie in the first chunk.</summary>
    public void PutSectors(long block, byte[] data, Func<int, bool> isPresent)
    {
        long at = Append(data, (int)layout.BlockSizeBytes);
        PutEntry(layout.EntryOfBlock(block), new BatEntry(BlockState.PartiallyPresent, at));
        bitmapAt ??= Append(new byte[MiB], MiB);
        PutEntry(layout.EntryOfBitmap(0), new BatEntry(BlockState.FullyPresent, bitmapAt.Value));
        int sectors = (int)layout.BlockSizeBytes / sectorSize;
        byte[] bits = new byte[sectors / 8];
        for (int sector = 0; sector < sectors; sector++)
        {
            bits[sector / 8] |= (byte)(isPresent(sector) ? 1 << (sector % 8) : 0);
        }
        Put(bitmapAt.Value + (block * bits.Length), bits);
    }

    public byte[] Build()
    {
        byte[] locator = BuildLocator();
        Put(LocatorAt, locator);
        byte[] entry = new byte[32];
        new MetadataEntry(
            VhdxIds.ParentLocator, LocatorAt - (2 * MiB), (uint)locator.Length, false, false, true).WriteTo(entry);
        Put((2 * MiB) + 32 + (5 * 32), entry);
        byte[] header = new byte[4096];
        new VhdxHeader(3, DataWriteId, DataWriteId, Guid.Empty, 0, 1, MiB, MiB).WriteTo(header);
        Put(65_536, header);
        Put(131_072, header);
        return file;
    }

    private byte[] BuildLocator()
    {
        using MemoryStream texts = new();
        byte[] head = new byte[20 + (12 * Locator.Count)];
        VhdxIds.VhdxLocator.TryWriteBytes(head);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(18), (ushort)Locator.Count);
        int index = 0;
        foreach ((string key, string value) in Locator)
        {
            Span<byte> entry = head.AsSpan(20 + (12 * index++), 12);
            BinaryPrimitives.WriteUInt32LittleEndian(entry, (uint)(head.Length + texts.Length));
            BinaryPrimitives.WriteUInt16LittleEndian(entry[8..], (ushort)(key.Length * 2));
            texts.Write(Encoding.Unicode.GetBytes(key));
            BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], (uint)(head.Length + texts.Length));
            BinaryPrimitives.WriteUInt16LittleEndian(entry[10..], (ushort)(value.Length * 2));
            texts.Write(Encoding.Unicode.GetBytes(value));
        }
        return [.. head, .. texts.ToArray()];
    }

    private void PutRegions()
    {
        byte[] table = new byte[RegionTable.SizeBytes];
        RegionTable.WriteTo(
            table,
            new RegionEntry(VhdxIds.MetadataRegion, 2 * MiB, MiB, true),
            new RegionEntry(VhdxIds.BatRegion, BatAt, MiB, true));
        Put(RegionTable.FirstAt, table);
        Put(RegionTable.SecondAt, table);
    }

    private void PutEntry(long entry, BatEntry value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value.Value);
        Put(BatAt + (entry * 8), bytes);
    }

    private long Append(byte[] data, int length)
    {
        long at = file.Length;
        Array.Resize(ref file, file.Length + length);
        Put(at, data);
        return at;
    }

    private void Put(long at, ReadOnlySpan<byte> bytes) => bytes.CopyTo(file.AsSpan((int)at));
}
