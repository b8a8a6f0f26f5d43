using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Index;

/// <summary>The newest entries of the log, read back from the file, each checked, and sorted as a settled table is.
/// </summary>
internal sealed class LogTail : IDisposable
{
    private readonly NativeWords words;
    private readonly long[] starts = new long[SettledKey.RegionCount + 1];

    /// <exception cref="Format.CorruptDataException">An entry is not whole.</exception>
    public LogTail(SafeFileHandle log, long startBytes, long endBytes, ulong salt)
    {
        long count = LogEntry.CountBefore(endBytes) - LogEntry.CountBefore(startBytes);
        words = new NativeWords(count);
        ForEachEntry(log, startBytes, endBytes, (in LogEntry entry, long _) =>
        {
            entry.Require(salt);
            starts[SettledKey.RegionOf(entry.Key.First) + 1]++;
        });
        for (int region = 0; region < SettledKey.RegionCount; region++)
        {
            starts[region + 1] += starts[region];
        }

        Span<ulong> all = words.Slice(0, checked((int)count));
        long[] next = [.. starts];
        ulong[] unused = [];
        ForEachEntry(log, startBytes, endBytes, (in LogEntry entry, long address) =>
        {
            ulong first = entry.Key.First;
            words.Slice(next[SettledKey.RegionOf(first)]++, 1)[0] = SettledKey.Word(first, LogEntry.SlotOf(address));
        });
        for (int region = 0; region < SettledKey.RegionCount; region++)
        {
            all[(int)starts[region]..(int)starts[region + 1]].Sort();
        }
    }

    private delegate void EntryAction(in LogEntry entry, long address);

    public long Count => words.Count;

    public ReadOnlySpan<ulong> Region(int region) =>
        words.Slice(starts[region], (int)(starts[region + 1] - starts[region]));

    public void Dispose() => words.Dispose();

    private static void ForEachEntry(SafeFileHandle log, long startBytes, long endBytes, EntryAction action)
    {
        byte[] page = ArrayPool<byte>.Shared.Rent(IndexSizes.PageBytes);
        long address = startBytes;
        while (address < endBytes)
        {
            long pageEnd = Math.Min(endBytes, ((address / IndexSizes.PageBytes) + 1) * IndexSizes.PageBytes);
            Span<byte> bytes = page.AsSpan(0, (int)(pageEnd - address));
            LogSums.ReadExactly(log, bytes, address);
            int usedCount = bytes.Length / LogEntry.SizeBytes * LogEntry.SizeBytes;
            foreach (ref readonly LogEntry entry in MemoryMarshal.Cast<byte, LogEntry>(bytes[..usedCount]))
            {
                action(in entry, address);
                address += LogEntry.SizeBytes;
            }

            address = pageEnd;
        }

        ArrayPool<byte>.Shared.Return(page);
    }
}
