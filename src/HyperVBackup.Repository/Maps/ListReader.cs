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
    private readonly ListSegments segments = new(list, nodes);
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
        if (!await segments.MoveNextAsync(token))
        {
            (entries, nextEntry) = ([], 0);
            return false;
        }

        long lastKey = entries.Length == 0 ? -1 : lastKeyOf(entries[^1]);
        ListSegment segment = segments.Current;
        entries = decode(await segments.ReadAsync(token));
        nextEntry = 1;
        ListSegments.Require(segment, entries.Length, keyOf(entries[0]), lastKey);
        return true;
    }
}
