using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maps;

/// <summary>
/// Merges the change lists of a run of restore points into one, ascending: of the changes to a chunk the newest counts.
/// Memory is at most 100 MiB, however many and long the lists are. Not thread-safe.
/// </summary>
public sealed class ChangeFold
{
    private readonly ChangeSlabs slabs;
    private readonly ChangeSlab slab;
    private int position = -1;

    /// <param name="oldestFirst">The lists of changes, in the order of their restore points.</param>
    /// <param name="nodes">Holds the lists.</param>
    /// <exception cref="ArgumentException">A list is of another kind.</exception>
    public ChangeFold(IReadOnlyCollection<ListReference> oldestFirst, INodeSource nodes)
    {
        slabs = new ChangeSlabs(oldestFirst, nodes, FormatLimits.LevelMax);
        slab = new ChangeSlab(slabs.Level);
    }

    /// <summary>The chunk that was merged last, with the newest of its ids.</summary>
    public ChangedChunk Current { get; private set; }

    /// <summary>Goes to the next chunk that any list names; false where there is none.</summary>
    /// <exception cref="Format.CorruptDataException">A list cannot be read.</exception>
    public async ValueTask<bool> MoveNextAsync(CancellationToken token)
    {
        if (position >= 0)
        {
            position = slab.FindFrom(position + 1);
        }

        while (position < 0)
        {
            if (!await slabs.TryFillAsync(slab, token))
            {
                return false;
            }

            position = slab.FindFrom(0);
        }

        Current = new ChangedChunk(slab.FirstChunk + position, slab.IdAt(position));
        return true;
    }
}
