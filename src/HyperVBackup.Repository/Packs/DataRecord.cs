using System.Buffers;
using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Repository.Packs;

/// <summary>
/// The pages of one whole record, decoded for recipes to take from. Thread-safe. Its bytes are lent: they go back when
/// the last of its users, the cache among them, lets go. The record's checksum and id field were checked, its content
/// was not hashed: the id of every chunk made from it is.
/// </summary>
internal sealed class DataRecord
{
    /// <summary>What keeping one takes beside its bytes.</summary>
    private const int OverheadBytes = 256;

    private readonly byte[] bitmap;
    private readonly byte[] pages;
    private int userCount = 1;

    private DataRecord(Digest id, byte[] bitmap, byte[] pages) => (Id, this.bitmap, this.pages) = (id, bitmap, pages);

    public Digest Id { get; }

    public int CostBytes => pages.Length + OverheadBytes;

    /// <returns>With one user, the caller; null where the bytes are no such record.</returns>
    public static DataRecord? TryDecode(Digest id, ReadOnlySpan<byte> recordBytes, int pagesPerChunk)
    {
        byte[]? pages = null;
        try
        {
            Record record = Record.Read(recordBytes);
            Corrupt.Unless(record.Id == id && record.Type == RecordType.Whole, "record: not the one looked for");
            Corrupt.Unless(
                record.PlainLengthBytes <= pagesPerChunk * FormatLimits.PageSizeBytes, "record: plain length");
            byte[] bitmap = new byte[StoredPages.BitmapLengthBytes(pagesPerChunk)];
            pages = ArrayPool<byte>.Shared.Rent(record.PlainLengthBytes);
            StoredPages.Decode(record, pagesPerChunk, bitmap, pages.AsSpan(0, record.PlainLengthBytes));
            return new DataRecord(id, bitmap, pages);
        }
        catch (CorruptDataException)
        {
            if (pages is not null)
            {
                ArrayPool<byte>.Shared.Return(pages);
            }

            return null; // another copy is looked for
        }
    }

    /// <returns>False where the record does not hold that page.</returns>
    public bool TryCopyPage(int slot, Span<byte> page) => StoredPages.TryCopyPage(bitmap, pages, slot, page);

    public void AddUser() => Interlocked.Increment(ref userCount);

    public void Release()
    {
        int left = Interlocked.Decrement(ref userCount);
        Invariant.Check(left >= 0);
        if (left == 0)
        {
            ArrayPool<byte>.Shared.Return(pages);
        }
    }
}
