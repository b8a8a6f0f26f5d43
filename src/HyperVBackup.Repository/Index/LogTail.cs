using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Index;

/// <summary>The newest entries of the log, read back from the file, each checked, and sorted as a settled table is.
/// </summary>
internal sealed class LogTail : IDisposable
{
    private readonly NativeWords words;
    private readonly int[] starts = new int[SettledKey.RegionCount + 1];

    /// <exception cref="Format.CorruptDataException">An entry is not whole.</exception>
    public LogTail(SafeFileHandle log, long startBytes, long endBytes, ulong salt)
    {
        int count = checked((int)(LogEntry.CountBefore(endBytes) - LogEntry.CountBefore(startBytes)));
        words = new NativeWords(count);
        byte[] page = ArrayPool<byte>.Shared.Rent(IndexSizes.PageBytes);
        for (long address = startBytes; address < endBytes; address = PageEnd(address, endBytes))
        {
            foreach (ref readonly LogEntry entry in ReadPage(log, page, address, endBytes))
            {
                entry.Require(salt);
                starts[SettledKey.RegionOf(entry.Key.First) + 1]++;
            }
        }

        for (int region = 0; region < SettledKey.RegionCount; region++)
        {
            starts[region + 1] += starts[region];
        }

        Span<ulong> all = words.Slice(0, count);
        int[] next = [.. starts];
        for (long address = startBytes; address < endBytes; address = PageEnd(address, endBytes))
        {
            long entryAddress = address;
            foreach (ref readonly LogEntry entry in ReadPage(log, page, address, endBytes))
            {
                ulong first = entry.Key.First;
                all[next[SettledKey.RegionOf(first)]++] = SettledKey.Word(first, LogEntry.SlotOf(entryAddress));
                entryAddress += LogEntry.SizeBytes;
            }
        }

        ArrayPool<byte>.Shared.Return(page);
        for (int region = 0; region < SettledKey.RegionCount; region++)
        {
            all[starts[region]..starts[region + 1]].Sort();
        }
    }

    public long Count => words.Count;

    public ReadOnlySpan<ulong> Region(int region) => words.Slice(starts[region], starts[region + 1] - starts[region]);

    public void Dispose() => words.Dispose();

    private static long PageEnd(long address, long endBytes) =>
        Math.Min(endBytes, ((address / IndexSizes.PageBytes) + 1) * IndexSizes.PageBytes);

    private static ReadOnlySpan<LogEntry> ReadPage(SafeFileHandle log, byte[] page, long address, long endBytes)
    {
        int lengthBytes = (int)(PageEnd(address, endBytes) - address);
        Span<byte> bytes = page.AsSpan(0, lengthBytes / LogEntry.SizeBytes * LogEntry.SizeBytes);
        LogSums.ReadExactly(log, bytes, address);
        return MemoryMarshal.Cast<byte, LogEntry>(bytes);
    }
}
