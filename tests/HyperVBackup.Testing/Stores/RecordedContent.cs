using System.Collections.Immutable;
using System.Security.Cryptography;

namespace HyperVBackup.Testing.Stores;

/// <summary>A file's bytes as a chain of the pieces that were written, without gaps. Immutable; versions share their
/// pieces.</summary>
internal sealed class RecordedContent
{
    internal static readonly RecordedContent Empty = new([], 0);
    private readonly ImmutableList<(long StartBytes, ReadOnlyMemory<byte> Bytes)> pieces;
    private readonly Lazy<string> sum;

    private RecordedContent(ImmutableList<(long StartBytes, ReadOnlyMemory<byte> Bytes)> pieces, long lengthBytes)
    {
        (this.pieces, LengthBytes) = (pieces, lengthBytes);
        sum = new Lazy<string>(ComputeSum);
    }

    internal long LengthBytes { get; }

    /// <summary>The same for the same bytes, and for no others.</summary>
    internal string Sum => sum.Value;

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

    private string ComputeSum()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((long _, ReadOnlyMemory<byte> bytes) in pieces)
        {
            hash.AppendData(bytes.Span);
        }

        return Convert.ToHexString(hash.GetHashAndReset());
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
