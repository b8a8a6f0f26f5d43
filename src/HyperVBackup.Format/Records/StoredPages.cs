using System.Numerics;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format.Records;

/// <summary>The pages of a whole record, expanded one after another behind a bitmap that says which they are: what to
/// keep of a record that recipes take pages from. Pages not stored take no room. Thread-safe; allocates nothing.
/// </summary>
public static class StoredPages
{
    private const int PageSizeBytes = FormatLimits.PageSizeBytes;

    /// <summary>The room that <see cref="Decode"/> needs.</summary>
    public static int SizeBytes(in Record record, int pagesPerChunk) =>
        ChunkRecord.BitmapLengthBytes(pagesPerChunk) + record.PlainLengthBytes;

    /// <param name="output"><see cref="SizeBytes"/> bytes; overwritten, also on failure.</param>
    /// <exception cref="CorruptDataException">Damaged, or no whole record of a chunk of so many pages.</exception>
    public static void Decode(in Record record, int pagesPerChunk, Span<byte> output)
    {
        Corrupt.Unless(record.Type == RecordType.Whole, "chunk record: type");
        Span<byte> bitmap = output[..ChunkRecord.BitmapLengthBytes(pagesPerChunk)];
        if (record.Extension.IsEmpty)
        {
            bitmap.Fill(byte.MaxValue);
            bitmap[^1] >>= (bitmap.Length * 8) - pagesPerChunk;
        }
        else
        {
            ChunkRecord.ReadBitmap(record.Extension, pagesPerChunk).CopyTo(bitmap);
        }

        Corrupt.Unless(
            record.PlainLengthBytes == ChunkRecord.CountPages(bitmap) * PageSizeBytes, "chunk record: plain length");
        BodyCodec.Decode(record.Codec, record.Body, output[bitmap.Length..]);
    }

    /// <summary>Takes one page of what <see cref="Decode"/> gave.</summary>
    /// <returns>False where the record does not hold it.</returns>
    public static bool TryCopyPage(ReadOnlySpan<byte> pages, int pagesPerChunk, int slot, Span<byte> output)
    {
        ReadOnlySpan<byte> bitmap = pages[..ChunkRecord.BitmapLengthBytes(pagesPerChunk)];
        if (!ChunkRecord.HasPage(bitmap, slot))
        {
            return false;
        }

        int before = ChunkRecord.CountPages(bitmap[..(slot / 8)])
            + BitOperations.PopCount((uint)bitmap[slot / 8] & ((1u << (slot % 8)) - 1));
        pages.Slice(bitmap.Length + (before * PageSizeBytes), PageSizeBytes).CopyTo(output);
        return true;
    }
}
