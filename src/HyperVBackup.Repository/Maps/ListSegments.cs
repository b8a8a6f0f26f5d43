using HyperVBackup.Format;
using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maps;

/// <summary>Goes over the segments of a list, as its head names them. Not thread-safe.</summary>
internal sealed class ListSegments(ListReference list, INodeSource nodes)
{
    private ListSegment[]? segments;
    private int next;

    /// <summary>The segment that was gone to last.</summary>
    public ListSegment Current => segments![next - 1];

    /// <summary>Goes to the next segment; false where there is none.</summary>
    /// <exception cref="CorruptDataException">The head cannot be read.</exception>
    public async ValueTask<bool> MoveNextAsync(CancellationToken token)
    {
        segments ??= await ReadHeadAsync(token);
        if (next == segments.Length)
        {
            return false;
        }

        next++;
        return true;
    }

    /// <summary>Reads the body of <see cref="Current"/>.</summary>
    /// <exception cref="CorruptDataException">It cannot be read.</exception>
    public ValueTask<byte[]> ReadAsync(CancellationToken token) =>
        nodes.ReadListAsync(Current.Id, Current.Place, token);

    /// <summary>What the head and a segment say of each other must agree.</summary>
    /// <param name="lastKey">The last key of the segment before; -1 where there is none.</param>
    public static void Require(in ListSegment segment, int entryCount, long firstKey, long lastKey)
    {
        Corrupt.Unless(entryCount == segment.EntryCount, "list segment: entry count differs from the head's");
        Corrupt.Unless(firstKey == segment.FirstKey, "list segment: first key differs from the head's");
        Corrupt.Unless(segment.FirstKey > lastKey, "list segment: begins before the one before it ends");
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
