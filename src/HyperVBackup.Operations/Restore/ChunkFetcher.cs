using System.Buffers;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Sessions;

namespace HyperVBackup.Operations.Restore;

/// <summary>Fills a batch with its chunks: records that lie close together are read at once, each is decoded and
/// hashed, and one that is not good where the map says is looked for elsewhere. Thread-safe.</summary>
internal sealed class ChunkFetcher(ReadingSession session)
{
    private const int ReadBytesMax = 4 << 20;

    /// <summary>Reading this much more than is needed costs less than another read.</summary>
    private const int GapBytesMax = 64 << 10;

    /// <exception cref="Repository.RepositoryDamagedException">A chunk has no good copy left.</exception>
    public async ValueTask FillAsync(RestoreBatch batch, CancellationToken token)
    {
        Array.Sort(batch.ByPlace, 0, batch.Count, new PlaceOrder(batch));
        for (int first = 0; first < batch.Count;)
        {
            int end = GroupEnd(batch, first);
            await FillGroupAsync(batch, first, end, token);
            first = end;
        }
    }

    private static int GroupEnd(RestoreBatch batch, int first)
    {
        RecordPlace start = PlaceAt(batch, first);
        int end = first + 1;
        while (end < batch.Count && !start.IsUnknown)
        {
            RecordPlace before = PlaceAt(batch, end - 1);
            RecordPlace next = PlaceAt(batch, end);
            if (next.Pack != start.Pack
                || next.OffsetBytes > (long)before.OffsetBytes + before.LengthBytes + GapBytesMax
                || (long)next.OffsetBytes + next.LengthBytes - start.OffsetBytes > ReadBytesMax)
            {
                break;
            }

            end++;
        }

        return end;
    }

    private async ValueTask FillGroupAsync(RestoreBatch batch, int first, int end, CancellationToken token)
    {
        RecordPlace start = PlaceAt(batch, first);
        RecordPlace last = PlaceAt(batch, end - 1);
        long lengthBytes = (long)last.OffsetBytes + last.LengthBytes - start.OffsetBytes;
        bool isReadable = !start.IsUnknown && lengthBytes <= 2 * ReadBytesMax;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(isReadable ? (int)lengthBytes : 0);
        try
        {
            int? read = isReadable
                ? await session.TryReadPackAsync(
                    start.Pack, start.OffsetBytes, buffer.AsMemory(0, (int)lengthBytes), token)
                : null;
            for (int position = first; position < end; position++)
            {
                await FillOneAsync(batch, batch.ByPlace[position], buffer.AsMemory(0, read ?? 0), start, token);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private ValueTask FillOneAsync(
        RestoreBatch batch, int position, ReadOnlyMemory<byte> records, RecordPlace start, CancellationToken token)
    {
        MapChunk chunk = batch.Chunks[position];
        Memory<byte> target = batch.BytesAt(position);
        long offsetBytes = (long)chunk.Place.OffsetBytes - start.OffsetBytes;
        bool isRead = !chunk.Place.IsUnknown && offsetBytes + chunk.Place.LengthBytes <= records.Length;
        return isRead && session.TryDecodeChunk(
            chunk.Id, records.Span.Slice((int)offsetBytes, (int)chunk.Place.LengthBytes), target.Span)
            ? ValueTask.CompletedTask
            : session.ReadChunkAsync(chunk.Id, chunk.Place, target, token);
    }

    private static RecordPlace PlaceAt(RestoreBatch batch, int rank) => batch.Chunks[batch.ByPlace[rank]].Place;

    private sealed class PlaceOrder(RestoreBatch batch) : IComparer<int>
    {
        public int Compare(int x, int y)
        {
            RecordPlace left = batch.Chunks[x].Place;
            RecordPlace right = batch.Chunks[y].Place;
            int order = left.Pack.Session.CompareTo(right.Pack.Session);
            order = order != 0 ? order : left.Pack.Number.CompareTo(right.Pack.Number);
            return order != 0 ? order : left.OffsetBytes.CompareTo(right.OffsetBytes);
        }
    }
}
