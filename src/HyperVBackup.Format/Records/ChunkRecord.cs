using System.Buffers.Binary;
using System.Numerics;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format.Records;

/// <summary>
/// Writes and reads whole records: the non-zero pages of one chunk, as in repo-format/chunk-record.md.
/// Thread-safe; allocates nothing once a thread has encoded its first chunk.
/// </summary>
public static class ChunkRecord
{
    internal const byte BitmapTag = 1;
    internal const int TagAt = 0;
    internal const int TagReservedAt = TagAt + sizeof(byte);
    internal const int TagLengthAt = TagReservedAt + sizeof(byte);
    internal const int BitmapAt = TagLengthAt + sizeof(ushort);
    private const int PageSizeBytes = FormatLimits.PageSizeBytes;

    [ThreadStatic]
    private static byte[]? storedPages;

    /// <summary>The room <see cref="Encode"/> needs for a chunk of this size, whatever it holds.</summary>
    public static int EncodedSizeMax(int chunkSizeBytes) =>
        RecordHeader.SizeBytes + BitmapAt + BitmapLengthBytes(chunkSizeBytes / PageSizeBytes) + chunkSizeBytes;

    /// <param name="id">Not zero: a chunk of zeros is never stored.</param>
    /// <param name="chunk">All bytes of the chunk.</param>
    /// <param name="pageHashes">As <see cref="ContentHasher.IdOfChunk"/> gave them: zero for pages of zeros.</param>
    /// <param name="output">At least <see cref="EncodedSizeMax"/> bytes.</param>
    /// <returns>The length of the record.</returns>
    public static int Encode(
        ChunkId id,
        ReadOnlySpan<byte> chunk,
        ReadOnlySpan<Digest> pageHashes,
        Compression compression,
        Span<byte> output)
    {
        RequireChunk(chunk.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(pageHashes.Length, chunk.Length / PageSizeBytes);
        if (id.IsZero)
        {
            throw new ArgumentException("A chunk of zeros is never stored.", nameof(id));
        }

        bool hasZeroPage = pageHashes.Contains(default);
        ReadOnlySpan<byte> plain = hasZeroPage ? GatherStoredPages(chunk, pageHashes) : chunk;
        int extensionLength = hasZeroPage ? WriteBitmap(pageHashes, output[RecordHeader.SizeBytes..]) : 0;
        Span<byte> body = output[(RecordHeader.SizeBytes + extensionLength)..];
        (Codec codec, int storedLength) = BodyCodec.Encode(plain, compression, body);
        RecordHeader header = new(RecordType.Whole, codec, plain.Length, storedLength, extensionLength, id.Value);
        header.Seal(output);
        return header.TotalLengthBytes;
    }

    /// <summary>Checks a record's checksum and fields and expands it; pages not stored become zeros. Whether the
    /// bytes are those of the id is for the caller to ask, with <see cref="ContentHasher.IdOfChunk"/>.</summary>
    /// <param name="record">Begins with the record; may be longer.</param>
    /// <param name="chunk">As long as a chunk of the repository; overwritten, also on failure.</param>
    /// <exception cref="CorruptDataException">Damaged, or no record of a chunk of this size.</exception>
    public static void Decode(ReadOnlySpan<byte> record, Span<byte> chunk) => Decode(Record.Read(record), chunk);

    /// <inheritdoc cref="Decode(ReadOnlySpan{byte}, Span{byte})"/>
    public static void Decode(in Record record, Span<byte> chunk)
    {
        RequireChunk(chunk.Length);
        Corrupt.Unless(record.Type == RecordType.Whole, "chunk record: type");
        if (record.Extension.IsEmpty)
        {
            Corrupt.Unless(record.PlainLengthBytes == chunk.Length, "chunk record: plain length");
            BodyCodec.Decode(record.Codec, record.Body, chunk);
            for (int page = 0; page < chunk.Length / PageSizeBytes; page++)
            {
                RequireNotZero(chunk.Slice(page * PageSizeBytes, PageSizeBytes));
            }

            return;
        }

        ReadOnlySpan<byte> bitmap = ReadBitmap(record.Extension, chunk.Length / PageSizeBytes);
        int storedPageCount = CountPages(bitmap);
        Corrupt.Unless(record.PlainLengthBytes == storedPageCount * PageSizeBytes, "chunk record: plain length");
        BodyCodec.Decode(record.Codec, record.Body, chunk[..record.PlainLengthBytes]);
        SpreadPages(chunk, bitmap, storedPageCount);
    }

    internal static int BitmapLengthBytes(int pageCount) => (pageCount + 7) / 8;

    internal static int CountPages(ReadOnlySpan<byte> bitmap)
    {
        int count = 0;
        foreach (byte bits in bitmap)
        {
            count += BitOperations.PopCount(bits);
        }

        return count;
    }

    internal static bool HasPage(ReadOnlySpan<byte> bitmap, int page) => (bitmap[page / 8] >> (page % 8) & 1) != 0;

    internal static void FillBitmap(ReadOnlySpan<Digest> pageHashes, Span<byte> bitmap)
    {
        bitmap.Clear();
        for (int page = 0; page < pageHashes.Length; page++)
        {
            bitmap[page / 8] |= (byte)((pageHashes[page].IsZero ? 0 : 1) << (page % 8));
        }
    }

    /// <summary>True when the bits past the last page are zero.</summary>
    internal static bool IsBitmapOf(ReadOnlySpan<byte> bitmap, int pageCount) =>
        bitmap.Length == BitmapLengthBytes(pageCount) && (pageCount % 8 == 0 || bitmap[^1] >> (pageCount % 8) == 0);

    private static int WriteBitmap(ReadOnlySpan<Digest> pageHashes, Span<byte> extension)
    {
        int bitmapLength = BitmapLengthBytes(pageHashes.Length);
        extension[TagAt] = BitmapTag;
        extension[TagReservedAt] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(extension[TagLengthAt..], (ushort)bitmapLength);
        FillBitmap(pageHashes, extension.Slice(BitmapAt, bitmapLength));
        return BitmapAt + bitmapLength;
    }

    internal static ReadOnlySpan<byte> ReadBitmap(ReadOnlySpan<byte> extension, int pageCount)
    {
        Corrupt.Unless(extension.Length >= BitmapAt, "chunk record: extension length");
        Corrupt.Unless(extension[TagAt] == BitmapTag, "chunk record: extension tag");
        Corrupt.Unless(extension[TagReservedAt] == 0, "chunk record: extension reserved");
        int length = BinaryPrimitives.ReadUInt16LittleEndian(extension[TagLengthAt..]);
        Corrupt.Unless(length == extension.Length - BitmapAt, "chunk record: extension length");
        ReadOnlySpan<byte> bitmap = extension[BitmapAt..];
        Corrupt.Unless(IsBitmapOf(bitmap, pageCount), "chunk record: page bitmap");
        int count = CountPages(bitmap);
        Corrupt.Unless(count > 0 && count < pageCount, "chunk record: page bitmap of all pages or none");
        return bitmap;
    }

    private static ReadOnlySpan<byte> GatherStoredPages(ReadOnlySpan<byte> chunk, ReadOnlySpan<Digest> pageHashes)
    {
        if (storedPages is null || storedPages.Length < chunk.Length)
        {
            storedPages = new byte[chunk.Length];
        }

        int lengthBytes = 0;
        for (int page = 0; page < pageHashes.Length; page++)
        {
            if (!pageHashes[page].IsZero)
            {
                chunk.Slice(page * PageSizeBytes, PageSizeBytes).CopyTo(storedPages.AsSpan(lengthBytes));
                lengthBytes += PageSizeBytes;
            }
        }

        return storedPages.AsSpan(0, lengthBytes);
    }

    /// <summary>Moves the stored pages from the chunk's start to their places, last first.</summary>
    private static void SpreadPages(Span<byte> chunk, ReadOnlySpan<byte> bitmap, int storedPageCount)
    {
        int stored = storedPageCount;
        for (int page = (chunk.Length / PageSizeBytes) - 1; page >= 0; page--)
        {
            Span<byte> target = chunk.Slice(page * PageSizeBytes, PageSizeBytes);
            if (HasPage(bitmap, page))
            {
                stored--;
                chunk.Slice(stored * PageSizeBytes, PageSizeBytes).CopyTo(target);
                RequireNotZero(target);
            }
            else
            {
                target.Clear();
            }
        }
    }

    private static void RequireNotZero(ReadOnlySpan<byte> page) =>
        Corrupt.Unless(page.ContainsAnyExcept((byte)0), "chunk record: a stored page is zero");

    private static void RequireChunk(int lengthBytes)
    {
        if (!FormatLimits.IsChunkSize(lengthBytes))
        {
            throw new ArgumentOutOfRangeException(nameof(lengthBytes), lengthBytes, "No chunk size.");
        }
    }
}
