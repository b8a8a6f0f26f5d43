using System.Collections.Immutable;

namespace HyperVBackup.Testing.Stores;

/// <summary>A file's bytes as a chain of the pieces that were written, without gaps. Immutable; versions share their
/// pieces.</summary>
internal sealed class RecordedContent
{
    internal static readonly RecordedContent Empty = new([], 0);
    private readonly ImmutableList<(long StartBytes, ReadOnlyMemory<byte> Bytes)> pieces;

    private RecordedContent(ImmutableList<(long StartBytes, ReadOnlyMemory<byte> Bytes)> pieces, long lengthBytes) =>
        (this.pieces, LengthBytes) = (pieces, lengthBytes);

    internal long LengthBytes { get; }

    internal RecordedContent Write(long offsetBytes, ReadOnlyMemory<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return this;
        }

        if (offsetBytes == LengthBytes)
        {
            return new RecordedContent(pieces.Add((offsetBytes, bytes)), offsetBytes + bytes.Length);
        }

        byte[] all = new byte[Math.Max(LengthBytes, offsetBytes + bytes.Length)];
        Read(all, 0);
        bytes.CopyTo(all.AsMemory((int)offsetBytes));
        return new RecordedContent([(0, all)], all.Length);
    }

    /// <returns>The count of bytes read, less than asked only at the end.</returns>
    internal int Read(Span<byte> buffer, long offsetBytes)
    {
        int total = 0;
        for (int index = PieceAt(offsetBytes); index < pieces.Count && total < buffer.Length; index++)
        {
            (long startBytes, ReadOnlyMemory<byte> bytes) = pieces[index];
            ReadOnlySpan<byte> rest = bytes.Span[(int)(offsetBytes + total - startBytes)..];
            int count = Math.Min(rest.Length, buffer.Length - total);
            rest[..count].CopyTo(buffer[total..]);
            total += count;
        }

        return total;
    }

    /// <summary>The piece that holds <paramref name="offsetBytes"/>, or the count of pieces past the end.</summary>
    private int PieceAt(long offsetBytes)
    {
        int low = 0;
        int high = pieces.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            bool endsBefore = pieces[middle].StartBytes + pieces[middle].Bytes.Length <= offsetBytes;
            (low, high) = endsBefore ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
