using HyperVBackup.Format;
using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maps;

/// <summary>Goes over a list, ascending, with its head and one segment in memory at a time. What the reference, the
/// head and the segments say of each other must agree.</summary>
internal sealed class ListReader<TEntry>(
    ListReference list,
    ListReader<TEntry>.Decoder decode,
    Func<TEntry, long> keyOf,
    Func<TEntry, long> lastKeyOf,
    INodeSource nodes)
{
    private ListSegment[]? segments;
    private int nextSegment;
    private TEntry[] entries = [];
    private int nextEntry;

    /// <summary>Reads the body of a segment, and refuses entries out of order.</summary>
    public delegate TEntry[] Decoder(ReadOnlySpan<byte> body);

    public TEntry Current => entries[nextEntry - 1];

    public ValueTask<bool> MoveNextAsync(CancellationToken token)
    {
        if (nextEntry == entries.Length)
        {
            return MoveToNextSegmentAsync(token);
        }

        nextEntry++;
        return ValueTask.FromResult(true);
    }

    private async ValueTask<bool> MoveToNextSegmentAsync(CancellationToken token)
    {
        segments ??= await ReadHeadAsync(token);
        if (nextSegment == segments.Length)
        {
            (entries, nextEntry) = ([], 0);
            return false;
        }

        long lastKey = entries.Length == 0 ? -1 : lastKeyOf(entries[^1]);
        ListSegment segment = segments[nextSegment++];
        entries = decode(await nodes.ReadListAsync(segment.Id, segment.Place, token));
        nextEntry = 1;
        Corrupt.Unless(entries.Length == segment.EntryCount, "list segment: entry count differs from the head's");
        Corrupt.Unless(keyOf(entries[0]) == segment.FirstKey, "list segment: first key differs from the head's");
        Corrupt.Unless(segment.FirstKey > lastKey, "list segment: begins before the one before it ends");
        return true;
    }

    private async ValueTask<ListSegment[]> ReadHeadAsync(CancellationToken token)
    {
        if (list.EntryCount == 0)
        {
            return [];
        }

        ListSegment[] read = ListHead.Read(list.Kind, await nodes.ReadListAsync(list.Head, list.Place, token));
        Corrupt.Unless(
            read.Sum(segment => (long)segment.EntryCount) == list.EntryCount,
            "list head: entry count differs from the restore point's");
        return read;
    }
}
