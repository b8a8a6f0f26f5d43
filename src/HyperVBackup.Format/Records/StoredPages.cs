using System.Numerics;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format.Records;

/// <summary>The pages of a whole record, expanded one after another, and a bitmap that says which they are: what to
/// keep of a record that recipes take pages from. Pages not stored take no room. Thread-safe; allocates nothing.
/// </summary>
public static class StoredPages
{
    private const int PageSizeBytes = FormatLimits.PageSizeBytes;

    /// <summary>The length of the bitmap, one bit a page.</summary>
    public static int BitmapLengthBytes(int pagesPerChunk) => ChunkRecord.BitmapLengthBytes(pagesPerChunk);

    /// <param name="pages">As long as the record's <see cref="Record.PlainLengthBytes"/>; overwritten, as is
    /// <paramref name="bitmap"/>, also on failure.</param>
    /// <exception cref="CorruptDataException">Damaged, or no whole record of a chunk of so many pages.</exception>
    public static void Decode(in Record record, int pagesPerChunk, Span<byte> bitmap, Span<byte> pages)
    {
        Corrupt.Unless(record.Type == RecordType.Whole, "chunk record: type");
        ArgumentOutOfRangeException.ThrowIfNotEqual(bitmap.Length, BitmapLengthBytes(pagesPerChunk));
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
        BodyCodec.Decode(record.Codec, record.Body, pages);
    }

    /// <summary>Takes one page of what <see cref="Decode"/> gave.</summary>
    /// <returns>False where the record does not hold it.</returns>
    public static bool TryCopyPage(
        ReadOnlySpan<byte> bitmap, ReadOnlySpan<byte> pages, int slot, Span<byte> output)
    {
        if (!ChunkRecord.HasPage(bitmap, slot))
        {
            return false;
        }

        int before = ChunkRecord.CountPages(bitmap[..(slot / 8)])
            + BitOperations.PopCount((uint)bitmap[slot / 8] & ((1u << (slot % 8)) - 1));
        pages.Slice(before * PageSizeBytes, PageSizeBytes).CopyTo(output);
        return true;
    }
}
