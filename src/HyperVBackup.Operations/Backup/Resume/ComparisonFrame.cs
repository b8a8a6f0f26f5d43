using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using HyperVBackup.Format;

namespace HyperVBackup.Operations.Backup.Resume;

/// <summary>
/// A piece of a comparison's file: u32 length of the runs' bytes, a checksum of 16 bytes, the runs. The checksum covers
/// the one before it too, so that a piece counts only where all before it do. A run is u8 kind, u64 count, then for the
/// parent's chunks u64 how many are not zeros, for others their ids. Little-endian.
/// </summary>
internal static class ComparisonFrame
{
    public const int HeaderBytes = sizeof(uint) + ComparisonHeader.ChecksumBytes;
    public const int RunsBytesMax = 1 << 20;
    private const int CountAt = sizeof(byte);
    private const int RestAt = CountAt + sizeof(long);

    /// <summary>Adds one run to those of a piece.</summary>
    public static void Write(ComparedRun run, IBufferWriter<byte> runs)
    {
        Span<byte> bytes = stackalloc byte[RestAt + sizeof(long)];
        bytes[0] = (byte)run.Kind;
        BinaryPrimitives.WriteInt64LittleEndian(bytes[CountAt..], run.Count);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[RestAt..], run.NonZeroCount);
        runs.Write(run.Kind == ComparedKind.Same ? bytes : bytes[..RestAt]);
        Span<byte> id = stackalloc byte[Digest.SizeBytes];
        foreach (ChunkId found in run.Ids.Span)
        {
            found.Value.WriteTo(id);
            runs.Write(id);
        }
    }

    /// <summary>Puts header and runs together.</summary>
    /// <param name="before">The checksum of the piece before, or the header's; gets that of this one.</param>
    public static byte[] Seal(ReadOnlySpan<byte> runs, Span<byte> before)
    {
        byte[] frame = new byte[HeaderBytes + runs.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, runs.Length);
        ChecksumOf(runs, before);
        before.CopyTo(frame.AsSpan(sizeof(uint)));
        runs.CopyTo(frame.AsSpan(HeaderBytes));
        return frame;
    }

    /// <summary>The length that a piece's header tells; null where it cannot be.</summary>
    public static int? RunsBytes(ReadOnlySpan<byte> header)
    {
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(header);
        return length is > 0 and <= RunsBytesMax ? (int)length : null;
    }

    /// <summary>The runs of a piece, which go on from <paramref name="firstIndex"/>; null where anything is wrong.
    /// </summary>
    /// <param name="before">As in <see cref="Seal"/>; changed in any case.</param>
    public static List<ComparedRun>? TryRead(
        ReadOnlySpan<byte> header, ReadOnlySpan<byte> runs, Span<byte> before, long firstIndex, long chunkCount)
    {
        ChecksumOf(runs, before);
        if (!header[sizeof(uint)..].SequenceEqual(before))
        {
            return null;
        }

        List<ComparedRun> read = [];
        while (!runs.IsEmpty)
        {
            if (TryReadRun(runs, firstIndex, out int lengthBytes) is not ComparedRun run || run.EndIndex > chunkCount)
            {
                return null;
            }

            read.Add(run);
            firstIndex = run.EndIndex;
            runs = runs[lengthBytes..];
        }

        return read;
    }

    private static ComparedRun? TryReadRun(ReadOnlySpan<byte> bytes, long firstIndex, out int lengthBytes)
    {
        lengthBytes = RestAt;
        if (bytes.Length < RestAt)
        {
            return null;
        }

        ComparedKind kind = (ComparedKind)bytes[0];
        long count = BinaryPrimitives.ReadInt64LittleEndian(bytes[CountAt..]);
        if (count < 1 || count > long.MaxValue - firstIndex)
        {
            return null;
        }

        switch (kind)
        {
            case ComparedKind.Same when bytes.Length >= RestAt + sizeof(long):
                lengthBytes += sizeof(long);
                long nonZero = BinaryPrimitives.ReadInt64LittleEndian(bytes[RestAt..]);
                return nonZero >= 0 && nonZero <= count
                    ? new ComparedRun(kind, firstIndex, count, nonZero, default)
                    : null;
            case ComparedKind.Zeros:
                return new ComparedRun(kind, firstIndex, count, 0, default);
            case ComparedKind.Found when count <= (bytes.Length - RestAt) / Digest.SizeBytes:
                lengthBytes += (int)count * Digest.SizeBytes;
                return new ComparedRun(kind, firstIndex, count, 0, ReadIds(bytes[RestAt..lengthBytes]));
            default:
                return null;
        }
    }

    private static ChunkId[] ReadIds(ReadOnlySpan<byte> bytes)
    {
        ChunkId[] ids = new ChunkId[bytes.Length / Digest.SizeBytes];
        for (int number = 0; number < ids.Length; number++)
        {
            ids[number] = new ChunkId(new Digest(bytes.Slice(number * Digest.SizeBytes, Digest.SizeBytes)));
        }

        return ids;
    }

    private static void ChecksumOf(ReadOnlySpan<byte> runs, Span<byte> before)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(before);
        hash.AppendData(runs);
        hash.GetHashAndReset().AsSpan(0, before.Length).CopyTo(before);
    }
}
