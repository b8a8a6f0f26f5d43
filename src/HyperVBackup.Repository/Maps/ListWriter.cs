using System.Runtime.InteropServices;
using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Maps;

/// <summary>Cuts a list into segments, stores each as soon as it is full, and the head last. Memory is one segment, and
/// 88 bytes for each segment stored.</summary>
/// <remarks>
/// The head is one record. The longest list of changes is that of the largest disk in the smallest chunks:
/// 64 TiB / 16 KiB = 4,294,967,296 entries, in 171,799 segments of 25,000, each 76 bytes of the head: 13.1 MB, which is
/// under the limit of 200,000 segments and of 16 MiB for a record. Only ranges of less than 13 KiB could exceed it.
/// </remarks>
internal sealed class ListWriter<TEntry>(
    ListKind kind, ListWriter<TEntry>.Encoder encode, Func<TEntry, long> keyOf, IMapSink sink, ContentHasher hasher)
{
    private readonly List<TEntry> entries = [];
    private readonly List<ListSegment> segments = [];
    private long entryCount;
    private bool isFinished;

    /// <summary>Makes the body of a segment, and refuses entries out of order.</summary>
    public delegate byte[] Encoder(ReadOnlySpan<TEntry> entries);

    public ValueTask AddAsync(TEntry entry, CancellationToken token)
    {
        Invariant.Check(!isFinished);
        entries.Add(entry);
        return entries.Count < FormatLimits.ListSegmentEntryCountMax ? default : StoreSegmentAsync(token);
    }

    public async Task<ListReference> FinishAsync(CancellationToken token)
    {
        Invariant.Check(!isFinished);
        if (entries.Count > 0)
        {
            await StoreSegmentAsync(token);
        }

        isFinished = true;
        return segments.Count == 0 ? new ListReference(kind, default, 0, default) : await StoreHeadAsync(token);
    }

    private async ValueTask StoreSegmentAsync(CancellationToken token)
    {
        if (segments.Count == FormatLimits.ListSegmentCountMax)
        {
            throw new InvalidOperationException(
                $"A list of {kind} is longer than {segments.Count} segments of "
                + $"{FormatLimits.ListSegmentEntryCountMax} entries; nothing longer can be stored.");
        }

        byte[] body = encode(CollectionsMarshal.AsSpan(entries));
        ListId id = hasher.IdOfList(body);
        RecordPlace place = await sink.WriteListAsync(id, body, token);
        segments.Add(new ListSegment(id, keyOf(entries[0]), entries.Count, place));
        entryCount += entries.Count;
        entries.Clear();
    }

    private async Task<ListReference> StoreHeadAsync(CancellationToken token)
    {
        byte[] body = ListHead.Write(kind, CollectionsMarshal.AsSpan(segments));
        ListId id = hasher.IdOfList(body);
        return new ListReference(kind, id, entryCount, await sink.WriteListAsync(id, body, token));
    }
}
