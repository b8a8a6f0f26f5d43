using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace HyperVBackup.Disks.Vhdx;

/// <summary>
/// Looks up entries of the block allocation table, which for a disk of 64 TiB may take 512 MiB, and reads no more of it
/// than is asked for: 8 bytes for a lookup by itself. Lookups in order read ahead in steps that double, up to 64 KiB
/// and never beyond the last block the caller means to ask for. Some entries are kept. Each entry is checked when it is
/// first read: a known state, a place inside the file, and none over a structure or over a block of any entry read so
/// far; two blocks in one place are therefore found once both were looked at. Thread-safe.
/// </summary>
internal sealed class BatReader
{
    private const int AheadCountMax = 8 << 10;
    private const int KeptCount = 32 << 10;
    private const int SparseCountMin = 64;
    private const string Structure = "block allocation table entry";

    // A lock where the rest of the project has none: disks are read by many threads, and the map of taken places must
    // see each entry once.
    private readonly Lock gate = new();
    private readonly (long Following, BatEntry Entry)[] kept = new (long, BatEntry)[KeptCount];
    private readonly ulong[] ahead = new ulong[AheadCountMax];
    private readonly VhdxFile file;
    private readonly BatLayout layout;
    private readonly bool hasParent;
    private readonly long startBytes;
    private readonly FileMap map;
    private readonly ulong[] isChecked;
    private long aheadEnd = -1;
    private int aheadCount = 1;
    private ByteRange? hole;

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
        isChecked = new ulong[(int)((layout.EntryCount / 64) + 1)];
    }

    /// <param name="lastBlock">The block up to which the caller is going to ask for all from this one on.</param>
    /// <exception cref="DiskImageException">The entry, or one up to the last block's, is damaged.</exception>
    public BatEntry OfBlock(long block, long lastBlock)
    {
        long entry = layout.EntryOfBlock(block);
        lock (gate)
        {
            ref (long Following, BatEntry Entry) place = ref kept[entry % KeptCount];
            if (place.Following != entry + 1)
            {
                ReadAhead(entry, layout.EntryOfBlock(lastBlock) + 1);
            }
            return place.Entry;
        }
    }

    /// <summary>The first block after one that is not present of which it is not yet known, without another look at the
    /// table, that it is not present either.</summary>
    public long EndOfAbsence(long block)
    {
        long entryAt = EntryAt(layout.EntryOfBlock(block));
        lock (gate)
        {
            return IsInHole(entryAt) && !file.IsReplayed
                ? Math.Clamp(
                    layout.BlockOfEntry((hole!.Value.EndBytes - startBytes) / BatEntry.SizeBytes),
                    block + 1,
                    layout.BlockCount)
                : block + 1;
        }
    }

    /// <exception cref="DiskImageException">The entry is damaged.</exception>
    public BatEntry OfBitmap(long chunk)
    {
        long entry = layout.EntryOfBitmap(chunk);
        lock (gate)
        {
            ref (long Following, BatEntry Entry) place = ref kept[entry % KeptCount];
            if (place.Following != entry + 1)
            {
                Read(entry, 1);
            }
            return place.Entry;
        }
    }

    /// <summary>For messages: where the entry of a chunk's sector bitmap lies in the file.</summary>
    public long BitmapEntryAt(long chunk) => EntryAt(layout.EntryOfBitmap(chunk));

    private long EntryAt(long entry) => startBytes + (entry * BatEntry.SizeBytes);

    private void ReadAhead(long entry, long endEntry)
    {
        bool isNext = entry == aheadEnd || (entry == aheadEnd + 1 && layout.IsBitmapEntry(aheadEnd));
        aheadCount = isNext ? Math.Min(2 * aheadCount, AheadCountMax) : 1;
        int count = (int)Math.Min(aheadCount, endEntry - entry);
        Read(entry, count);
        aheadEnd = entry + count;
    }

    private void Read(long firstEntry, int count)
    {
        Span<ulong> entries = ahead.AsSpan(0, count);
        Span<byte> bytes = MemoryMarshal.AsBytes(entries);
        if (!IsHole(EntryAt(firstEntry), bytes.Length))
        {
            file.ReadStructure("block allocation table", EntryAt(firstEntry), bytes);
        }
        else
        {
            file.ReadHole(EntryAt(firstEntry), bytes);
        }
        if (!BitConverter.IsLittleEndian)
        {
            BinaryPrimitives.ReverseEndianness(entries, entries);
        }
        for (int index = 0; index < count; index++)
        {
            long entry = firstEntry + index;
            BatEntry value = new(entries[index]);
            ulong bit = 1UL << (int)(entry % 64);
            Check(entry, value, isNew: (isChecked[entry / 64] & bit) == 0);
            isChecked[entry / 64] |= bit;
            kept[entry % KeptCount] = (entry + 1, value);
        }
    }

    /// <summary>Whether the file system is known to keep no bytes there. Asked of it only while reading far ahead: to
    /// ask takes as much time as to read a few entries.</summary>
    private bool IsHole(long offsetBytes, int lengthBytes)
    {
        if (!IsInHole(offsetBytes) && aheadCount >= SparseCountMin)
        {
            hole = file.HoleAt(offsetBytes);
        }
        return IsInHole(offsetBytes) && offsetBytes + lengthBytes <= hole!.Value.EndBytes;
    }

    private bool IsInHole(long offsetBytes) =>
        hole is { } known && offsetBytes >= known.StartBytes && offsetBytes < known.EndBytes;

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
        file.Damage(Structure, EntryAt(entry), what);
}
