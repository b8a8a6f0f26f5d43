using System.Buffers;
using System.Runtime.InteropServices;
using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Packs;

/// <summary>Reads many map nodes at once from where their hints lead: those that lie near each other in one piece, and
/// all hashed side by side. Thread-safe.</summary>
internal sealed class NodeBatchReader(RecordFinder finder, ContentHasher hasher)
{
    // Less than what stores read on another thread.
    private const int PieceBytesMax = 192 * 1024;
    private const int GapBytesMax = 8 * 1024;

    /// <summary>Reads rows of <see cref="NodeRows"/>.</summary>
    /// <returns>The positions of those that are not where their hints lead, or not good there; their rows mean
    /// nothing.</returns>
    public async ValueTask<IReadOnlyList<int>> ReadAsync(
        byte level, ReadOnlyMemory<NodeReference> nodes, Memory<byte> rows, CancellationToken token)
    {
        int[] order = OrderOf(nodes.Span);
        List<int> read = new(order.Length);
        List<int> missed = [];
        byte[] buffer = ArrayPool<byte>.Shared.Rent(PieceBytesMax);
        try
        {
            for (int start = 0, end; start < order.Length; start = end)
            {
                end = EndOfPiece(nodes.Span, order, start);
                (RecordPlace first, RecordPlace last) =
                    (nodes.Span[order[start]].Place, nodes.Span[order[end - 1]].Place);
                int lengthBytes = await ReadPieceAsync(first, last, buffer, token) ?? 0;
                ReadOnlySpan<int> piece = order.AsSpan(start, end - start);
                Take(nodes.Span, piece, buffer.AsSpan(0, lengthBytes), rows.Span, read, missed);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        Check(level, nodes.Span, rows.Span, read, missed);
        return missed;
    }

    private static int[] OrderOf(ReadOnlySpan<NodeReference> nodes)
    {
        int[] order = new int[nodes.Length];
        bool isAscending = true;
        for (int position = 0; position < order.Length; position++)
        {
            order[position] = position;
            isAscending &= position == 0 || Compare(nodes[position - 1].Place, nodes[position].Place) <= 0;
        }

        if (!isAscending)
        {
            RecordPlace[] places = new RecordPlace[order.Length];
            for (int position = 0; position < order.Length; position++)
            {
                places[position] = nodes[position].Place;
            }

            Array.Sort(places, order, Comparer<RecordPlace>.Create(Compare));
        }

        return order;
    }

    private static int Compare(RecordPlace one, RecordPlace other)
    {
        int order = one.Pack.Session.CompareTo(other.Pack.Session);
        order = order != 0 ? order : one.Pack.Number.CompareTo(other.Pack.Number);
        return order != 0 ? order : one.OffsetBytes.CompareTo(other.OffsetBytes);
    }

    private static int EndOfPiece(ReadOnlySpan<NodeReference> nodes, ReadOnlySpan<int> order, int start)
    {
        RecordPlace first = nodes[order[start]].Place;
        long endBytes = (long)first.OffsetBytes + first.LengthBytes;
        int end = start + 1;
        for (; end < order.Length; end++)
        {
            RecordPlace next = nodes[order[end]].Place;
            long nextEndBytes = (long)next.OffsetBytes + next.LengthBytes;
            if (next.Pack != first.Pack || next.OffsetBytes > endBytes + GapBytesMax
                || nextEndBytes < endBytes || nextEndBytes - first.OffsetBytes > PieceBytesMax)
            {
                break;
            }

            endBytes = nextEndBytes;
        }

        return end;
    }

    /// <summary>Null where nothing can be read there, or a hint is not that of a node.</summary>
    private async ValueTask<int?> ReadPieceAsync(
        RecordPlace first, RecordPlace last, byte[] buffer, CancellationToken token)
    {
        long lengthBytes = (long)last.OffsetBytes + last.LengthBytes - first.OffsetBytes;
        return first.IsUnknown || lengthBytes > PieceBytesMax
            ? null
            : await finder.TryReadAsync(
                new BlobName(first.Pack.BlobName), first.OffsetBytes, buffer.AsMemory(0, (int)lengthBytes), token);
    }

    private static void Take(
        ReadOnlySpan<NodeReference> nodes, ReadOnlySpan<int> piece, ReadOnlySpan<byte> bytes, Span<byte> rows,
        List<int> read, List<int> missed)
    {
        uint startBytes = nodes[piece[0]].Place.OffsetBytes;
        foreach (int position in piece)
        {
            NodeReference node = nodes[position];
            long at = (long)node.Place.OffsetBytes - startBytes;
            bool isThere = at + node.Place.LengthBytes <= bytes.Length
                && NodeRows.TryRead(
                    bytes.Slice((int)at, (int)node.Place.LengthBytes), node.Id,
                    rows.Slice(position * NodeRows.SizeBytes, NodeRows.SizeBytes));
            (isThere ? read : missed).Add(position);
        }
    }

    private void Check(
        byte level, ReadOnlySpan<NodeReference> nodes, ReadOnlySpan<byte> rows, List<int> read, List<int> missed)
    {
        byte[] ids = new byte[nodes.Length * Digest.SizeBytes];
        NodeRows.DeriveIds(hasher, level, rows, CollectionsMarshal.AsSpan(read), ids);
        foreach (int position in read)
        {
            if (new Digest(ids.AsSpan(position * Digest.SizeBytes, Digest.SizeBytes)) != nodes[position].Id.Value)
            {
                missed.Add(position);
            }
        }
    }
}
