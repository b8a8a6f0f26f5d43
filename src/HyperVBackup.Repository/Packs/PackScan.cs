using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Packs;

/// <summary>Finds the records of a chunk pack whose footer is lost, by reading all of it: a record begins with a header
/// that says its length, and a checksum covers it. What is damaged between records is passed over.</summary>
internal static class PackScan
{
    private const int RecordBytesMax = Record.HeaderSizeBytes + FormatLimits.RecordExtensionLengthMaxBytes
        + (4 << 20); // what a chunk can be, and longer than any recipe
    private const int PieceBytes = (4 << 20) + RecordBytesMax;
    private const int MagicAt = 16; // in a record's header

    private static ReadOnlySpan<byte> Magic => "HVBR"u8;

    /// <returns>The records that are whole, without hooks; null where the pack is gone, is not the one that its name
    /// says, cannot be read, or holds none.</returns>
    public static async ValueTask<PackTable?> TryReadAsync(
        IBlobStore store, RepositoryId repository, PackName name, CancellationToken token)
    {
        BlobName blob = new(name.BlobName);
        try
        {
            byte[] head = new byte[FileHeader.SizeBytes];
            if (await store.TryReadAsync(blob, 0, head, token) != head.Length)
            {
                return null;
            }

            FileHeader.Read(head).Expect(FileKind.ChunkPack, repository, name.BlobName);
            List<PackEntry> found = await ReadAllAsync(store, blob, token);
            return found.Count == 0 ? null : PackTable.OfWhatIsLeft(found);
        }
        catch (Exception failure) when (failure is CorruptDataException or StoreException)
        {
            return null;
        }
    }

    private static async Task<List<PackEntry>> ReadAllAsync(IBlobStore store, BlobName blob, CancellationToken token)
    {
        List<PackEntry> found = [];
        long lengthBytes = Math.Min(
            await store.TryGetLengthAsync(blob, token) ?? 0, FormatLimits.PackLengthMaxBytes);
        byte[] piece = new byte[Math.Min(PieceBytes, lengthBytes)];
        for (long startBytes = FileHeader.SizeBytes; startBytes < lengthBytes;)
        {
            int count = await store.TryReadAsync(blob, startBytes, piece, token) ?? 0;
            bool isEnd = startBytes + count >= lengthBytes || count == 0;
            startBytes += Find(piece.AsSpan(0, count), startBytes, isEnd, found);
            if (isEnd)
            {
                break;
            }
        }

        return found;
    }

    /// <returns>How much of the piece was looked through; a record that may go on behind it was not.</returns>
    private static int Find(ReadOnlySpan<byte> piece, long startBytes, bool isEnd, List<PackEntry> found)
    {
        int lastBytes = isEnd ? piece.Length : piece.Length - RecordBytesMax;
        int at = 0;
        while (at < lastBytes)
        {
            if (TryRead(piece[at..], checked((uint)(startBytes + at)), out PackEntry entry))
            {
                found.Add(entry);
                at += (int)entry.LengthBytes;
            }
            else
            {
                int next = piece[Math.Min(at + MagicAt + 1, piece.Length)..].IndexOf(Magic);
                at = next < 0 ? Math.Max(at + 1, lastBytes) : at + 1 + next;
            }
        }

        return at;
    }

    private static bool TryRead(ReadOnlySpan<byte> bytes, uint offsetBytes, out PackEntry entry)
    {
        entry = default;
        if (bytes.Length < Record.HeaderSizeBytes || !bytes[MagicAt..].StartsWith(Magic))
        {
            return false; // by far the most frequent, and an exception costs much
        }

        try
        {
            entry = PackEntry.Of(Record.Read(bytes), offsetBytes);
            return entry.Type is RecordType.Whole or RecordType.Delta;
        }
        catch (CorruptDataException)
        {
            return false;
        }
    }
}
