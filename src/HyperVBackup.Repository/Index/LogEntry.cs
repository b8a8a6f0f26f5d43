using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Index;

/// <summary>One entry of the log as FASTER lays it out: its header, then key and place. Entries never cross a page, and
/// the first page begins with 64 bytes of nothing.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct LogEntry
{
    public const int SizeBytes = HeaderBytes + IndexKey.SizeBytes + StoredPlace.SizeBytes;

    /// <summary>The most bytes of log that a <see cref="SlotOf">slot</see> can name: 860 million entries.</summary>
    public const long LogBytesMax = (long)uint.MaxValue * SlotBytes;

    private const int HeaderBytes = 8;
    private const int SlotBytes = 8;
    private const int EntriesInPage = IndexSizes.PageBytes / SizeBytes;
    private const int EntriesInFirstPage = (IndexSizes.PageBytes - (int)LogMark.FirstEntryBytes) / SizeBytes;

    private readonly ulong header;
    private readonly IndexKey key;
    private readonly StoredPlace place;

    /// <summary>An entry that is settled at once: its header is of no use.</summary>
    public LogEntry(in IndexEntry entry, uint packOrdinal, ulong salt)
    {
        key = IndexKey.Of(entry.Id);
        place = new StoredPlace(in key, packOrdinal, entry.OffsetBytes, entry.LengthBytes, salt);
    }

    public IndexKey Key => key;

    public StoredPlace Place => place;

    /// <summary>An address in the log, in four bytes.</summary>
    public static uint SlotOf(long address) => checked((uint)(address / SlotBytes));

    /// <summary>How many entries lie before an address.</summary>
    public static long CountBefore(long address)
    {
        (long page, long offset) = Math.DivRem(address, IndexSizes.PageBytes);
        return page == 0
            ? (offset - LogMark.FirstEntryBytes) / SizeBytes
            : EntriesInFirstPage + ((page - 1) * EntriesInPage) + (offset / SizeBytes);
    }

    /// <summary>The address of the entry before which <paramref name="index"/> entries lie.</summary>
    public static long AddressOf(long index)
    {
        if (index < EntriesInFirstPage)
        {
            return LogMark.FirstEntryBytes + (index * SizeBytes);
        }

        (long page, long place) = Math.DivRem(index - EntriesInFirstPage, EntriesInPage);
        return ((page + 1) * IndexSizes.PageBytes) + (place * SizeBytes);
    }

    /// <summary>How many entries there are from the one before which <paramref name="index"/> lie to the end of its
    /// page, itself included.</summary>
    public static int CountToPageEnd(long index) => index < EntriesInFirstPage
        ? (int)(EntriesInFirstPage - index)
        : (int)(EntriesInPage - ((index - EntriesInFirstPage) % EntriesInPage));

    /// <summary>Writes entries that lie in one page.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    public static void Write(SafeFileHandle log, long address, ReadOnlySpan<LogEntry> entries) =>
        RandomAccess.Write(log, MemoryMarshal.AsBytes(entries), address);

    /// <exception cref="Format.CorruptDataException">The log ends before, or the entry is not whole.</exception>
    public static LogEntry ReadSlot(SafeFileHandle log, uint slot, ulong salt) =>
        Read(log, (long)slot * SlotBytes, salt);

    /// <exception cref="Format.CorruptDataException">The log ends before, or the entry is not whole.</exception>
    public static LogEntry Read(SafeFileHandle log, long address, ulong salt)
    {
        LogEntry entry = default;
        LogSums.ReadExactly(log, MemoryMarshal.AsBytes(new Span<LogEntry>(ref entry)), address);
        entry.Require(salt);
        return entry;
    }

    /// <exception cref="Format.CorruptDataException">The entry is not whole.</exception>
    public void Require(ulong salt) => Format.Corrupt.Unless(place.Fits(in key, salt), "index log: entry");
}
