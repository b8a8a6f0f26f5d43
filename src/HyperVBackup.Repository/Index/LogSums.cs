using System.Buffers;
using HyperVBackup.Blake3;
using HyperVBackup.Format;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Index;

/// <summary>A BLAKE3 hash per mebibyte of the log that FASTER looks after. It checks nothing it reads, so all of that
/// is checked before FASTER sees it, and the reading warms the cache for the recovery. Settled entries are checked one
/// by one where they are read.</summary>
internal static class LogSums
{
    public const int SumBytes = Digest.SizeBytes;
    private const int PieceBytes = 1 << 20;

    /// <summary>The sums of the log from <paramref name="startBytes"/> to <paramref name="endBytes"/>, where
    /// <paramref name="sums"/> are those up to <paramref name="knownBytes"/>, which is not read again unless partly
    /// new.</summary>
    /// <exception cref="CorruptDataException">The log is shorter.</exception>
    public static byte[] Extend(SafeFileHandle log, byte[] sums, long startBytes, long knownBytes, long endBytes)
    {
        int keptCount = (int)(Math.Max(knownBytes - startBytes, 0) / PieceBytes);
        int pieceCount = (int)((endBytes - startBytes + PieceBytes - 1) / PieceBytes);
        byte[] extended = new byte[pieceCount * SumBytes];
        sums.AsSpan(0, keptCount * SumBytes).CopyTo(extended);
        byte[] piece = ArrayPool<byte>.Shared.Rent(PieceBytes);
        for (int index = keptCount; index < pieceCount; index++)
        {
            long offset = startBytes + ((long)index * PieceBytes);
            Span<byte> bytes = piece.AsSpan(0, (int)Math.Min(PieceBytes, endBytes - offset));
            ReadExactly(log, bytes, offset);
            Blake3Mode.Plain.Hash(bytes, extended.AsSpan(index * SumBytes, SumBytes));
        }

        ArrayPool<byte>.Shared.Return(piece);
        return extended;
    }

    /// <exception cref="CorruptDataException">The log ends before <paramref name="endBytes"/> or has other bytes.
    /// </exception>
    public static void Verify(SafeFileHandle log, byte[] sums, long startBytes, long endBytes)
    {
        byte[] found = Extend(log, [], startBytes, startBytes, endBytes);
        Corrupt.Unless(RandomAccess.GetLength(log) >= endBytes, "index log: length");
        Corrupt.Unless(found.AsSpan().SequenceEqual(sums), "index log: sums");
    }

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
