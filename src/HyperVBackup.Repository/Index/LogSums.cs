using System.Buffers;
using HyperVBackup.Blake3;
using HyperVBackup.Format;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Index;

/// <summary>A BLAKE3 hash per page of the log. FASTER checks nothing it reads, so all of the log is checked
/// before FASTER sees it (a second per few gigabytes, and the reading warms the cache for the recovery).</summary>
internal static class LogSums
{
    public const int SumBytes = Digest.SizeBytes;

    /// <summary>The sums of the log up to <paramref name="endBytes"/>, where <paramref name="sums"/> are those up to
    /// <paramref name="knownBytes"/>, whose pages are not read again unless partly new.</summary>
    /// <exception cref="CorruptDataException">The log is shorter.</exception>
    public static byte[] Extend(SafeFileHandle log, byte[] sums, long knownBytes, long endBytes)
    {
        int keptCount = (int)(knownBytes / IndexSizes.PageBytes);
        int pageCount = (int)((endBytes + IndexSizes.PageBytes - 1) / IndexSizes.PageBytes);
        byte[] extended = new byte[pageCount * SumBytes];
        sums.AsSpan(0, keptCount * SumBytes).CopyTo(extended);
        byte[] page = ArrayPool<byte>.Shared.Rent(IndexSizes.PageBytes);
        for (int index = keptCount; index < pageCount; index++)
        {
            long offset = (long)index * IndexSizes.PageBytes;
            Span<byte> bytes = page.AsSpan(0, (int)Math.Min(IndexSizes.PageBytes, endBytes - offset));
            ReadExactly(log, bytes, offset);
            Blake3Mode.Plain.Hash(bytes, extended.AsSpan(index * SumBytes, SumBytes));
        }

        ArrayPool<byte>.Shared.Return(page);
        return extended;
    }

    /// <exception cref="CorruptDataException">The log ends before <paramref name="endBytes"/> or has other bytes.
    /// </exception>
    public static void Verify(SafeFileHandle log, byte[] sums, long endBytes) =>
        Corrupt.Unless(Extend(log, [], 0, endBytes).AsSpan().SequenceEqual(sums), "index log: page sums");

    /// <exception cref="CorruptDataException">The log ends before.</exception>
    public static void ReadExactly(SafeFileHandle log, Span<byte> buffer, long offsetBytes)
    {
        while (!buffer.IsEmpty)
        {
            int count = RandomAccess.Read(log, buffer, offsetBytes);
            Corrupt.Unless(count > 0, "index log: length");
            buffer = buffer[count..];
            offsetBytes += count;
        }
    }
}
