using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Reads some records at once, those that lie near each other in one piece. One thread at a time.</summary>
internal sealed class RecordWindow(RecordFinder finder)
{
    /// <summary>Bytes of records gathered before they are read.</summary>
    public const int BytesMax = 16 << 20;
    private const int PieceBytesMax = 1 << 20;
    private const int GapBytesMax = 32 << 10;
    private byte[] piece = new byte[PieceBytesMax];

    /// <returns>For each record its bytes; null where none could be read.</returns>
    public async Task<byte[]?[]> ReadAsync(
        IReadOnlyList<StoredRecord> records, Func<int, PackName> nameOf, bool isSecondCopy, CancellationToken token)
    {
        byte[]?[] found = new byte[records.Count][];
        int[] order = [.. Enumerable.Range(0, records.Count)];
        Array.Sort(order, (one, other) => Compare(records[one], records[other]));
        for (int start = 0, end; start < order.Length; start = end)
        {
            end = EndOfPiece(records, order, start);
            (StoredRecord first, StoredRecord last) = (records[order[start]], records[order[end - 1]]);
            PackName pack = nameOf(first.Pack);
            int lengthBytes = (int)(last.OffsetBytes + last.LengthBytes - first.OffsetBytes);
            piece = piece.Length < lengthBytes ? new byte[lengthBytes] : piece;
            int count = await finder.TryReadAsync(
                new BlobName(isSecondCopy ? pack.MirrorBlobName : pack.BlobName), first.OffsetBytes,
                piece.AsMemory(0, lengthBytes), token) ?? 0;
            foreach (int index in order.AsSpan(start, end - start))
            {
                int at = (int)(records[index].OffsetBytes - first.OffsetBytes);
                int recordBytes = (int)records[index].LengthBytes;
                found[index] = at + recordBytes <= count ? piece.AsSpan(at, recordBytes).ToArray() : null;
            }
        }

        return found;
    }

    private static int Compare(in StoredRecord one, in StoredRecord other)
    {
        int order = one.Pack.CompareTo(other.Pack);
        return order != 0 ? order : one.OffsetBytes.CompareTo(other.OffsetBytes);
    }

    private static int EndOfPiece(IReadOnlyList<StoredRecord> records, int[] order, int start)
    {
        StoredRecord first = records[order[start]];
        long endBytes = first.OffsetBytes + (long)first.LengthBytes;
        int end = start + 1;
        for (; end < order.Length; end++)
        {
            StoredRecord next = records[order[end]];
            long nextEndBytes = next.OffsetBytes + (long)next.LengthBytes;
            if (next.Pack != first.Pack || next.OffsetBytes > endBytes + GapBytesMax
                || nextEndBytes - first.OffsetBytes > PieceBytesMax)
            {
                break;
            }

            endBytes = nextEndBytes;
        }

        return end;
    }
}
