using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace HyperVBackup.Disks.Vhd;

/// <summary>
/// The block allocation table: for each block the sector of the file at which its bitmap begins, or none. An entry is
/// read when it is first asked for, 4 bytes by itself; lookups in order read ahead in steps that double, up to 64 KiB
/// and never beyond the last block the caller means to ask for. What was read is kept: 4 MiB for 2 TiB in blocks of
/// 2 MiB. Each entry is checked when it is read: a place inside the file, and none over a structure or over a block of
/// any entry read so far. Thread-safe.
/// </summary>
internal sealed class BlockTable
{
    public const int EntrySizeBytes = sizeof(uint);

    private const uint NotRead = 0; // never a block's place: the footer's copy begins the file
    private const uint NotPresent = uint.MaxValue;
    private const int AheadCountMax = 16 << 10;

    // A lock where the rest of the project has none: disks are read by many threads, and the places that are taken
    // must see each entry once.
    private readonly Lock gate = new();
    private readonly uint[] entries;
    private readonly uint[] ahead;
    private readonly BlockPlaces places;
    private readonly VhdFile file;
    private readonly VhdLayout layout;
    private readonly ByteRange[] structures;
    private readonly long startBytes;
    private readonly long dataEndBytes;
    private long aheadEnd = -1;
    private int aheadCount = 1;

    /// <param name="file">The image's file.</param>
    /// <param name="startBytes">Where the table lies, all of it inside the file.</param>
    /// <param name="layout">The disk's blocks, no more than the limit.</param>
    /// <param name="structures">What no block may lie over.</param>
    /// <param name="dataEndBytes">What no block may reach beyond.</param>
    public BlockTable(
        VhdFile file, long startBytes, VhdLayout layout, ByteRange[] structures, long dataEndBytes)
    {
        (this.file, this.startBytes, this.layout) = (file, startBytes, layout);
        (this.structures, this.dataEndBytes) = (structures, dataEndBytes);
        entries = new uint[(int)layout.BlockCount];
        ahead = new uint[(int)Math.Min(layout.BlockCount, AheadCountMax)];
        places = new BlockPlaces(file.LengthBytes, layout.StrideBytes);
    }

    /// <summary>Where in the file the block's sector bitmap begins, which the block follows; null where the file does
    /// not have the block.</summary>
    /// <param name="block">A block of the disk.</param>
    /// <param name="lastBlock">The block up to which the caller is going to ask for all from this one on.</param>
    /// <exception cref="DiskImageException">The entry, or one up to the last block's, is damaged.</exception>
    public long? OfBlock(long block, long lastBlock)
    {
        lock (gate)
        {
            if (entries[block] == NotRead)
            {
                ReadAhead(block, lastBlock + 1);
            }
            uint entry = entries[block];
            return entry == NotPresent ? null : PlaceOf(entry);
        }
    }

    private static long PlaceOf(uint entry) => (long)entry * VhdLimits.SectorSizeBytes;

    private void ReadAhead(long block, long endBlock)
    {
        aheadCount = block == aheadEnd ? Math.Min(2 * aheadCount, AheadCountMax) : 1;
        int count = (int)Math.Min(aheadCount, endBlock - block);
        Span<uint> read = ahead.AsSpan(0, count);
        file.ReadStructure(
            "block allocation table", startBytes + (block * EntrySizeBytes), MemoryMarshal.AsBytes(read));
        if (BitConverter.IsLittleEndian)
        {
            BinaryPrimitives.ReverseEndianness(read, read);
        }
        for (int index = 0; index < count; index++)
        {
            if (entries[block + index] == NotRead)
            {
                Check(block + index, read[index]);
                entries[block + index] = read[index];
            }
        }
        aheadEnd = block + count;
    }

    private void Check(long block, uint entry)
    {
        if (entry == NotPresent)
        {
            return;
        }
        long at = PlaceOf(entry);
        if (at > dataEndBytes - layout.BitmapSizeBytes - layout.UsedBytesOf(block))
        {
            throw Damage(block, entry, $"not inside the file's {dataEndBytes} bytes before its footer");
        }
        if (IsOverStructure(at, at + layout.StrideBytes) || !places.TryTake(at))
        {
            throw Damage(block, entry, "over another block or structure");
        }
    }

    private bool IsOverStructure(long startBytes, long endBytes)
    {
        foreach (ByteRange structure in structures)
        {
            if (startBytes < structure.EndBytes && endBytes > structure.StartBytes)
            {
                return true;
            }
        }
        return false;
    }

    private DiskImageException Damage(long block, uint entry, string what) => file.Damage(
        "block allocation table entry",
        startBytes + (block * EntrySizeBytes),
        $"places its block at sector {entry}, {what}");
}
