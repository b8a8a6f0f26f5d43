namespace HyperVBackup.Disks.Vhd;

/// <summary>The blocks that a dynamic or differencing image holds. Thread-safe.</summary>
internal sealed class VhdBlocks
{
    private readonly SectorBitsKept kept = new();
    private readonly VhdFile file;
    private readonly BlockTable table;

    private VhdBlocks(VhdFile file, VhdHeader header, VhdLayout layout, BlockTable table) =>
        (this.file, Header, Layout, this.table) = (file, header, layout, table);

    public VhdHeader Header { get; }

    public VhdLayout Layout { get; }

    /// <exception cref="DiskImageException">The header or the table's place is damaged.</exception>
    public static VhdBlocks Read(VhdFile file, PlacedFooter placed)
    {
        VhdHeader header = VhdHeader.Read(file, placed);
        VhdLayout layout = new((long)placed.Footer.VirtualSizeBytes, header.BlockSizeBytes);
        if (layout.BlockCount > header.EntryCount)
        {
            throw header.Damage(
                $"has a table of {header.EntryCount} entries, too few for the disk's {layout.BlockCount} blocks");
        }
        if (layout.BlockCount > VhdLimits.BlockCountMax
            || BlockPlaces.CountOf(file.LengthBytes, layout.StrideBytes) > VhdLimits.BlockPlaceCountMax)
        {
            throw header.Damage(
                $"gives a block size of {header.BlockSizeBytes} bytes, too small for a disk or file of this size");
        }
        ByteRange[] structures = Structures(header, layout, placed.DataEndBytes);
        long tableAt = (long)header.TableOffsetBytes;
        return new VhdBlocks(
            file, header, layout, new BlockTable(file, tableAt, layout, structures, placed.DataEndBytes));
    }

    /// <inheritdoc cref="BlockTable.OfBlock"/>
    public long? PlaceOf(long block, long lastBlock) => table.OfBlock(block, lastBlock);

    /// <summary>What the sector bitmap says of a range of a block, and maybe of more.</summary>
    /// <param name="block">A block that the file has.</param>
    /// <param name="placeBytes">Where its bitmap begins.</param>
    /// <param name="withinBytes">Where the range starts in the block.</param>
    /// <param name="lengthBytes">Length of the range, not 0.</param>
    /// <exception cref="DiskImageException">The bitmap is cut off or cannot be read.</exception>
    public SectorBits SectorBits(long block, long placeBytes, long withinBytes, long lengthBytes)
    {
        if (!kept.TryFind(block, withinBytes, lengthBytes, out SectorBits? found))
        {
            long firstByte = withinBytes / VhdLimits.SectorSizeBytes / 8;
            long lastByte = (withinBytes + lengthBytes - 1) / VhdLimits.SectorSizeBytes / 8;
            byte[] bits = file.ReadStructure(
                "sector bitmap", placeBytes + firstByte, (int)(lastByte - firstByte + 1));
            foreach (ref byte eight in bits.AsSpan())
            {
                eight = Reversed(eight);
            }
            found = new SectorBits(bits, firstByte * 8, VhdLimits.SectorSizeBytes);
            kept.Keep(block, found);
        }
        return found;
    }

    /// <summary>This format has the first of eight sectors in the highest bit.</summary>
    private static byte Reversed(byte bits)
    {
        int reversed = 0;
        for (int bit = 0; bit < 8; bit++)
        {
            reversed |= (bits >> bit & 1) << (7 - bit);
        }
        return (byte)reversed;
    }

    private static ByteRange[] Structures(VhdHeader header, VhdLayout layout, long dataEndBytes)
    {
        ByteRange[] others =
        [
            new(0, VhdFooter.SizeBytes),
            new(header.AtBytes, VhdHeader.SizeBytes),
        ];
        long lengthBytes = layout.BlockCount * BlockTable.EntrySizeBytes;
        if (header.TableOffsetBytes > (ulong)dataEndBytes || lengthBytes > dataEndBytes - (long)header.TableOffsetBytes)
        {
            throw header.Damage(
                $"places a table of {lengthBytes} bytes at {header.TableOffsetBytes}, not inside the file");
        }
        if (lengthBytes == 0)
        {
            return others;
        }
        ByteRange table = new((long)header.TableOffsetBytes, lengthBytes);
        return others.Any(other => other.StartBytes < table.EndBytes && other.EndBytes > table.StartBytes)
            ? throw header.Damage($"places the table at {header.TableOffsetBytes}, over another structure")
            : [.. others, table];
    }
}
