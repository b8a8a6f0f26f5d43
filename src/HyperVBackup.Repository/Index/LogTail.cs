using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Index;

/// <summary>The newest entries of the log, read back from the file, each checked, to be settled.</summary>
internal static class LogTail
{
    /// <exception cref="Format.CorruptDataException">An entry is not whole.</exception>
    public static RegionWords Read(SafeFileHandle log, long startBytes, long endBytes, ulong salt)
    {
        RegionWords words = new();
        byte[] page = ArrayPool<byte>.Shared.Rent(IndexSizes.PageBytes);
        try
        {
            for (long address = startBytes; address < endBytes; address = PageEnd(address, endBytes))
            {
                long entryAddress = address;
                foreach (ref readonly LogEntry entry in ReadPage(log, page, address, endBytes))
                {
                    entry.Require(salt);
                    words.Add(entry.Key.First, LogEntry.SlotOf(entryAddress));
                    entryAddress += LogEntry.SizeBytes;
                }
            }
        }
        catch
        {
            words.Dispose();
            throw;
        }

        ArrayPool<byte>.Shared.Return(page);
        return words;
    }

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
