using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace HyperVBackup.Disks.Vhdx;

/// <summary>
/// Looks up entries of the block allocation table through a small cache of its pages: the whole table of a 64 TiB disk
/// may be 512 MiB. When a page is first read, all its entries are checked: known states, places inside the file, and
/// none over a structure or over a block of any page read so far. Two blocks in one place are therefore found once both
/// their pages were looked at, and in a table of one page at once. Thread-safe.
/// </summary>
internal sealed class BatReader
{
    private const int PageSizeBytes = 4 << 10;
    private const int EntriesPerPage = PageSizeBytes / BatEntry.SizeBytes;
    private const int PageCountMax = 256;
    private const string Structure = "block allocation table entry";

    // A lock where the rest of the project has none: disks are read by many threads, and the map of taken places must
    // see each page once.
    private readonly Lock gate = new();
    private readonly (long Index, ulong[] Entries)[] pages = new (long, ulong[])[PageCountMax];
    private readonly VhdxFile file;
    private readonly BatLayout layout;
    private readonly bool hasParent;
    private readonly long startBytes;
    private readonly FileMap map;
    private readonly ulong[] checkedPages;

    /// <exception cref="DiskImageException">The region is too short for the disk.</exception>
    public BatReader(VhdxFile file, RegionEntry region, BatLayout layout, bool hasParent, FileMap map)
    {
        (this.file, this.layout, this.hasParent, this.map) = (file, layout, hasParent, map);
        startBytes = (long)region.OffsetBytes;
        if (layout.EntryCount * BatEntry.SizeBytes > region.LengthBytes)
        {
            throw file.Damage(
                "block allocation table",
                startBytes,
                $"has {region.LengthBytes} bytes, too few for the disk's {layout.EntryCount} entries");
        }
        checkedPages = new ulong[(int)((layout.EntryCount / EntriesPerPage / 64) + 1)];
    }

    /// <exception cref="DiskImageException">The entry, or one in its page, is damaged.</exception>
    public BatEntry OfBlock(long block) => Entry(layout.EntryOfBlock(block));

    /// <exception cref="DiskImageException">The entry, or one in its page, is damaged.</exception>
    public BatEntry OfBitmap(long chunk) => Entry(layout.EntryOfBitmap(chunk));

    /// <summary>For messages: where the entry of a chunk's sector bitmap lies in the file.</summary>
    public long BitmapEntryAt(long chunk) => startBytes + (layout.EntryOfBitmap(chunk) * BatEntry.SizeBytes);

    private BatEntry Entry(long entry)
    {
        (long page, long index) = Math.DivRem(entry, EntriesPerPage);
        lock (gate)
        {
            ref (long Index, ulong[] Entries) slot = ref pages[page % PageCountMax];
            if (slot.Entries is null || slot.Index != page)
            {
                slot = (page, ReadPage(page));
            }
            return new BatEntry(slot.Entries[index]);
        }
    }

    private ulong[] ReadPage(long page)
    {
        long first = page * EntriesPerPage;
        ulong[] entries = new ulong[Math.Min(EntriesPerPage, layout.EntryCount - first)];
        Span<byte> bytes = MemoryMarshal.AsBytes(entries.AsSpan());
        file.ReadStructure("block allocation table", startBytes + (first * BatEntry.SizeBytes), bytes);
        if (!BitConverter.IsLittleEndian)
        {
            BinaryPrimitives.ReverseEndianness(entries, entries);
        }
        ulong bit = 1UL << (int)(page % 64);
        bool isNew = (checkedPages[page / 64] & bit) == 0;
        for (int index = 0; index < entries.Length; index++)
        {
            Check(first + index, new BatEntry(entries[index]), isNew);
        }
        checkedPages[page / 64] |= bit;
        return entries;
    }

    private void Check(long entry, BatEntry value, bool isNew)
    {
        bool isBitmap = layout.IsBitmapEntry(entry);
        bool isUsed = isBitmap ? hasParent : layout.BlockOfEntry(entry) < layout.BlockCount;
        if (!isUsed || value.State == BlockState.NotPresent)
        {
            return;
        }
        if (value.IsReserved || (isBitmap && value.State != BlockState.FullyPresent)
            || (value.State == BlockState.PartiallyPresent && !hasParent))
        {
            throw Damage(entry, $"has the state {(int)value.State}, which cannot stand there");
        }
        if (value.IsPresent)
        {
            CheckPlace(entry, value, isBitmap, isNew);
        }
    }

    private void CheckPlace(long entry, BatEntry value, bool isBitmap, bool isNew)
    {
        long lengthBytes = isBitmap ? VhdxLimits.SectorBitmapBlockSizeBytes : layout.BlockSizeBytes;
        long usedBytes = isBitmap ? lengthBytes : layout.UsedBytesOf(layout.BlockOfEntry(entry));
        if (value.OffsetMiB == 0 || value.OffsetMiB > (file.LengthBytes - usedBytes) / VhdxLimits.MiB)
        {
            throw Damage(
                entry,
                $"places its block at {value.OffsetMiB} MiB, not inside the file of {file.LengthBytes} bytes");
        }
        if (isNew && !map.TryTake(value.OffsetMiB, lengthBytes / VhdxLimits.MiB))
        {
            throw Damage(entry, $"places its block at {value.OffsetMiB} MiB, over another block or structure");
        }
    }

    private DiskImageException Damage(long entry, string what) =>
        file.Damage(Structure, startBytes + (entry * BatEntry.SizeBytes), what);
}
