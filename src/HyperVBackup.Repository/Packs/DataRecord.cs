using System.Buffers;
using HyperVBackup.Format;
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

    private readonly byte[] bytes;
    private readonly int pagesPerChunk;
    private int userCount = 1;

    private DataRecord(Digest id, byte[] bytes, int pagesPerChunk) =>
        (Id, this.bytes, this.pagesPerChunk) = (id, bytes, pagesPerChunk);

    public Digest Id { get; }

    public int CostBytes => bytes.Length + OverheadBytes;

    /// <returns>With one user, the caller; null where the bytes are no such record.</returns>
    public static DataRecord? TryDecode(Digest id, ReadOnlySpan<byte> recordBytes, int pagesPerChunk)
    {
        byte[]? bytes = null;
        try
        {
            Record record = Record.Read(recordBytes);
            Corrupt.Unless(record.Id == id && record.Type == RecordType.Whole, "record: not the one looked for");
            bytes = ArrayPool<byte>.Shared.Rent(StoredPages.SizeBytes(record, pagesPerChunk));
            StoredPages.Decode(record, pagesPerChunk, bytes.AsSpan(0, StoredPages.SizeBytes(record, pagesPerChunk)));
            return new DataRecord(id, bytes, pagesPerChunk);
        }
        catch (CorruptDataException)
        {
            if (bytes is not null)
            {
                ArrayPool<byte>.Shared.Return(bytes);
            }

            return null; // another copy is looked for
        }
    }

    /// <returns>False where the record does not hold that page.</returns>
    public bool TryCopyPage(int slot, Span<byte> page) =>
        StoredPages.TryCopyPage(bytes, pagesPerChunk, slot, page);

    public void AddUser() => Interlocked.Increment(ref userCount);

    public void Release()
    {
        int left = Interlocked.Decrement(ref userCount);
        Invariant.Check(left >= 0);
        if (left == 0)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }
}
