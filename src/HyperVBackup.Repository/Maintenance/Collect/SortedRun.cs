using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Reads one sorted run of a scratch file, a piece at a time.</summary>
internal sealed class SortedRun<T>(SafeFileHandle file, long startBytes, long count, int pieceCount)
    where T : unmanaged
{
    private readonly T[] piece = new T[Math.Min(pieceCount, count)];
    private long nextBytes = startBytes;
    private long leftCount = count;
    private int pieceLength;
    private int position = -1;

    public T Current => piece[position];

    /// <exception cref="IOException">The file cannot be read, or ends too early.</exception>
    public bool MoveNext()
    {
        if (++position < pieceLength)
        {
            return true;
        }

        if (leftCount == 0)
        {
            return false;
        }

        pieceLength = (int)Math.Min(piece.Length, leftCount);
        Span<byte> bytes = MemoryMarshal.AsBytes(piece.AsSpan(0, pieceLength));
        ScratchReads.ReadExactly(file, bytes, nextBytes);
        nextBytes += bytes.Length;
        leftCount -= pieceLength;
        position = 0;
        return true;
    }
}
