using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maps;

/// <summary>Goes over a list of ranges, ascending, with one segment in memory at a time. Not thread-safe.</summary>
/// <param name="reference">As a restore point names it: reported or audited ranges.</param>
/// <param name="nodes">Holds the list.</param>
public sealed class RangeListReader(ListReference reference, INodeSource nodes)
{
    private readonly ListReader<ListedRange> list = new(
        reference,
        body => RangeListSegment.Read(reference.Kind, body),
        range => range.StartBytes,
        range => range.EndBytes - 1,
        nodes);

    /// <summary>The range that was read last.</summary>
    public ListedRange Current => list.Current;

    /// <summary>Goes to the next range; false where there is none.</summary>
    /// <exception cref="Format.CorruptDataException">A part of the list cannot be read, or its parts disagree.
    /// </exception>
    public ValueTask<bool> MoveNextAsync(CancellationToken token) => list.MoveNextAsync(token);
}
