using System.Buffers;
using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Packs;

/// <summary>
/// Finds the records of a pack whose header or footer is lost, by reading all of it: a record begins with a header that
/// says its length, and a checksum covers it. What is damaged between records is passed over. In a chunk pack, what
/// looks like a record behind damage may be bytes that a guest wrote, who can compute checksums too: there whole
/// records count only if they hold the chunk of their id, until one stands where the damaged one says it ends. Recipes
/// cannot be proven by themselves, and not to find one would be worse than to find one that a restore then refuses.
/// </summary>
internal sealed class PackScan
{
    private const int ChunkRecordBytesMax = Record.HeaderSizeBytes + FormatLimits.RecordExtensionLengthMaxBytes
        + (4 << 20); // what a chunk can be, and longer than any recipe
    private const int MapRecordBytesMax = Record.HeaderSizeBytes + FormatLimits.RecordExtensionLengthMaxBytes
        + FormatLimits.RecordPlainLengthMaxBytes;
    private const int PieceBytes = 4 << 20; // besides a record that goes on behind it
    private const int UnreadableBytes = 64 << 10; // passed over together
    private const int UnreadableCountMax = 16; // each may take the disk many seconds
    private const int MagicAt = 16; // in a record's header
    private const int PageBytes = FormatLimits.PageSizeBytes;
    private const int BitmapBytesBefore = 4; // in the extension of a whole record
    private const int PagesPerByte = 8;
    private readonly IBlobStore store;
    private readonly BlobName blob;
    private readonly PackKind kind;
    private int unreadableCount;

    /// <summary>Whether the next record follows the one before, and is no find within damage.</summary>
    private bool isInOrder = true;

    private PackScan(IBlobStore store, BlobName blob, PackKind kind) =>
        (this.store, this.blob, this.kind) = (store, blob, kind);

    private static ReadOnlySpan<byte> Magic => "HVBR"u8;

    /// <param name="blobName">Which copy of the pack.</param>
    /// <param name="ofAnyFile">Also where a sound header says that this is another file.</param>
    /// <returns>The records that are whole, without hooks; null where the copy is gone, says that it is another file,
    /// or holds none.</returns>
    public static async ValueTask<PackTable?> TryReadAsync(
        IBlobStore store, RepositoryId repository, PackName name, string blobName, CancellationToken token,
        bool ofAnyFile = false)
    {
        BlobName blob = new(blobName);
        try
        {
            FileHeader own = new(
                name.Kind == PackKind.Chunks ? FileKind.ChunkPack : FileKind.MapPack, repository, blobName);
            if (await store.TryGetLengthAsync(blob, token) is not long lengthBytes
                || (!ofAnyFile && await IsOfAnotherFileAsync(store, blob, own, token)))
            {
                return null;
            }

            List<PackEntry> found = await new PackScan(store, blob, name.Kind).ReadAllAsync(
                Math.Min(lengthBytes, FormatLimits.PackLengthMaxBytes), token);
            return found.Count == 0 ? null : PackTable.OfWhatIsLeft(found);
        }
        catch (StoreException)
        {
            return null;
        }
    }

    /// <summary>Whether a file's header is a sound one of another file. One that is damaged says nothing.</summary>
    public static async ValueTask<bool> IsOfAnotherFileAsync(
        IBlobStore store, BlobName blob, FileHeader own, CancellationToken token)
    {
        byte[] head = new byte[FileHeader.SizeBytes];
        try
        {
            int? count = await store.TryReadAsync(blob, 0, head, token);
            return count == head.Length && FileHeader.Read(head) != own;
        }
        catch (Exception failure) when (failure is CorruptDataException or StoreException)
        {
            return false;
        }
    }

    private async Task<List<PackEntry>> ReadAllAsync(long lengthBytes, CancellationToken token)
    {
        int recordBytesMax = kind == PackKind.Chunks ? ChunkRecordBytesMax : MapRecordBytesMax;
        List<PackEntry> found = [];
        byte[] piece = new byte[Math.Min(PieceBytes + recordBytesMax, lengthBytes)];
        for (long startBytes = FileHeader.SizeBytes; startBytes < lengthBytes;)
        {
            int count = (int)Math.Min(piece.Length, lengthBytes - startBytes);
            await ReadAsync(startBytes, piece.AsMemory(0, count), token);
            bool isEnd = startBytes + count == lengthBytes;
            startBytes += Find(piece.AsSpan(0, count), startBytes, isEnd ? count : count - recordBytesMax, found);
            if (isEnd)
            {
                break;
            }
        }

        return found;
    }

    /// <summary>Reads, with zeros for what cannot be read.</summary>
    /// <exception cref="StoreException">That is too much.</exception>
    private async ValueTask ReadAsync(long offsetBytes, Memory<byte> bytes, CancellationToken token)
    {
        try
        {
            int count = await store.TryReadAsync(blob, offsetBytes, bytes, token) ?? 0;
            bytes.Span[count..].Clear();
        }
        catch (StoreException) when (bytes.Length > UnreadableBytes)
        {
            for (int at = 0; at < bytes.Length; at += UnreadableBytes)
            {
                await ReadAsync(
                    offsetBytes + at, bytes[at..Math.Min(at + UnreadableBytes, bytes.Length)], token);
            }
        }
        catch (StoreException) when (++unreadableCount < UnreadableCountMax)
        {
            bytes.Span.Clear();
        }
    }

    /// <param name="lastBytes">Where to end: a record that begins later may go on behind the piece.</param>
    /// <returns>How much of the piece was looked through.</returns>
    private int Find(ReadOnlySpan<byte> piece, long startBytes, int lastBytes, List<PackEntry> found)
    {
        int at = 0;
        while (at < lastBytes)
        {
            if (TryRead(piece[at..], checked((uint)(startBytes + at)), out PackEntry entry)
                && (isInOrder || entry.Type != RecordType.Whole || IsChunk(piece[at..])))
            {
                found.Add(entry);
                at += (int)entry.LengthBytes;
                continue;
            }

            int damagedBytes = isInOrder ? LengthBeforeRecord(piece[at..]) : 0;
            isInOrder = damagedBytes > 0;
            at = isInOrder ? at + damagedBytes : NextMagic(piece, at, lastBytes);
        }

        return at;
    }

    private static int NextMagic(ReadOnlySpan<byte> piece, int at, int lastBytes)
    {
        int next = piece[Math.Min(at + MagicAt + 1, piece.Length)..].IndexOf(Magic);
        return next < 0 ? Math.Max(at + 1, lastBytes) : at + 1 + next;
    }

    /// <summary>The length that a damaged record says it has, if there is a good one behind it; else 0.</summary>
    private int LengthBeforeRecord(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Record.HeaderSizeBytes || !bytes[MagicAt..].StartsWith(Magic))
        {
            return 0;
        }

        try
        {
            int lengthBytes = Record.LengthOf(bytes);
            return lengthBytes < bytes.Length && TryRead(bytes[lengthBytes..], 0, out _) ? lengthBytes : 0;
        }
        catch (CorruptDataException)
        {
            return 0;
        }
    }

    /// <summary>Whether a whole record that was read holds the chunk of its id, of whatever size chunks are here.
    /// </summary>
    private static bool IsChunk(ReadOnlySpan<byte> bytes)
    {
        const int PageCountMin = FormatLimits.ChunkSizeMinBytes / PageBytes;
        Record record = Record.ReadUnchecked(bytes);
        int pageCount = record.Extension.IsEmpty
            ? record.PlainLengthBytes / PageBytes
            : (record.Extension.Length - BitmapBytesBefore) * PagesPerByte;
        bool mayBeSmallest = !record.Extension.IsEmpty && pageCount == PagesPerByte;
        return IsChunk(record, pageCount) || (mayBeSmallest && IsChunk(record, PageCountMin));
    }

    private static bool IsChunk(in Record record, int pageCount)
    {
        if (pageCount <= 0 || !FormatLimits.IsChunkSize(pageCount * PageBytes))
        {
            return false;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(pageCount * PageBytes);
        try
        {
            Span<byte> chunk = buffer.AsSpan(0, pageCount * PageBytes);
            ChunkRecord.Decode(record, chunk);
            return ContentHasher.Plain.IdOfChunk(chunk, new Digest[pageCount]).Value == record.Id;
        }
        catch (CorruptDataException)
        {
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private bool TryRead(ReadOnlySpan<byte> bytes, uint offsetBytes, out PackEntry entry)
    {
        entry = default;
        if (bytes.Length < Record.HeaderSizeBytes || !bytes[MagicAt..].StartsWith(Magic))
        {
            return false; // by far the most frequent, and an exception costs much
        }

        try
        {
            entry = PackEntry.Of(Record.Read(bytes), offsetBytes);
            return kind == PackKind.Chunks
                ? entry.Type is RecordType.Whole or RecordType.Delta
                : entry.Type is RecordType.Node or RecordType.List;
        }
        catch (CorruptDataException)
        {
            return false;
        }
    }
}
