using HyperVBackup.Format;
using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maps;

/// <summary>Stores a list of ranges of a disk, reported or audited. Not thread-safe; useless after an exception.
/// </summary>
/// <param name="kind">Reported or audited ranges.</param>
/// <param name="sink">Takes the segments as they fill up, and the head.</param>
/// <param name="hasher">The repository's.</param>
public sealed class RangeListWriter(ListKind kind, IMapSink sink, ContentHasher hasher)
{
    private readonly ListWriter<ListedRange> list = new(
        kind, ranges => RangeListSegment.Write(kind, ranges), range => range.StartBytes, sink, hasher);

    private long previousEndBytes;

    /// <param name="range">Not empty; begins at or after the end of the one before.</param>
    /// <exception cref="ArgumentOutOfRangeException">Out of order, or empty.</exception>
    /// <exception cref="InvalidOperationException">The list would be longer than can be stored: 5,000,000,000 ranges.
    /// </exception>
    public ValueTask AddAsync(ListedRange range, CancellationToken token)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(range.StartBytes, previousEndBytes, nameof(range));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(range.LengthBytes, nameof(range));
        previousEndBytes = range.EndBytes;
        return list.AddAsync(range, token);
    }

    /// <summary>Stores the rest, and gives what the restore point names the list by: without ranges, the empty list.
    /// Nothing can be added afterwards.</summary>
    public Task<ListReference> FinishAsync(CancellationToken token) => list.FinishAsync(token);
}
