using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maps;

/// <summary>Goes over a list of changes, ascending, with one segment in memory at a time. Not thread-safe.</summary>
public sealed class ChangeListReader
{
    private readonly ListReader<ChangedChunk> list;

    /// <param name="reference">As a restore point names it.</param>
    /// <param name="nodes">Holds the list.</param>
    /// <exception cref="ArgumentException">The list is of another kind.</exception>
    public ChangeListReader(ListReference reference, INodeSource nodes)
    {
        if (reference.Kind != ListKind.Changes)
        {
            throw new ArgumentException($"{reference.Kind} is no list of changes.", nameof(reference));
        }

        list = new(reference, ChangeListSegment.Read, change => change.ChunkIndex, change => change.ChunkIndex, nodes);
    }

    /// <summary>The change that was read last.</summary>
    public ChangedChunk Current => list.Current;

    /// <summary>Goes to the next change; false where there is none.</summary>
    /// <exception cref="Format.CorruptDataException">A part of the list cannot be read, or its parts disagree.
    /// </exception>
    public ValueTask<bool> MoveNextAsync(CancellationToken token) => list.MoveNextAsync(token);
}
