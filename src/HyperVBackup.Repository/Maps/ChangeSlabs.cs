using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maps;

/// <summary>
/// Merges the change lists of a run of restore points, slab by slab, ascending: of the changes to a chunk the newest
/// counts. The lists are painted over each other, the oldest first. Not thread-safe.
/// </summary>
/// <remarks>
/// Memory beside the slabs: a segment of each list as long as those come to 64 MiB. Of more lists none is kept from one
/// slab to the next: slabs are larger then, so that a segment is read a few times and not hundreds of times.
/// </remarks>
internal sealed class ChangeSlabs
{
    private const int UsualLevel = 4;
    private const int LargeLevel = 5;
    private const int EntryBytes = 44; // a run of one chunk
    private const long KeptBytesMax = 64 << 20;
    private readonly List<ChangeListCursor> lists;
    private readonly bool isForgetful;

    /// <param name="oldestFirst">The lists, in the order of their restore points.</param>
    /// <param name="nodes">Holds the lists.</param>
    /// <param name="levelMax">The highest level of a slab.</param>
    public ChangeSlabs(
        IReadOnlyCollection<ListReference> oldestFirst, INodeSource nodes, int levelMax,
        long keptBytesMax = KeptBytesMax)
    {
        long keptBytes = EntryBytes * oldestFirst.Sum(
            list => Math.Min(list.EntryCount, FormatLimits.ListSegmentEntryCountMax));
        isForgetful = keptBytes > keptBytesMax;
        Level = Math.Min(isForgetful ? LargeLevel : UsualLevel, levelMax);
        lists = [.. oldestFirst.Select(list => new ChangeListCursor(list, nodes))];
    }

    /// <summary>The level of the slabs: at most 2 MiB of ids, or 32 MiB of very many lists.</summary>
    public int Level { get; }

    /// <summary>Fills a slab with the next changes; false where there are none.</summary>
    /// <param name="slab">Of <see cref="Level"/>.</param>
    /// <exception cref="Format.CorruptDataException">A list cannot be read.</exception>
    public async ValueTask<bool> TryFillAsync(ChangeSlab slab, CancellationToken token)
    {
        long nextChunk = long.MaxValue;
        foreach (ChangeListCursor list in lists)
        {
            await list.StartAsync(token);
            nextChunk = Math.Min(nextChunk, list.NextChunk);
            Forget(list);
        }

        if (nextChunk == long.MaxValue)
        {
            return false;
        }

        slab.Open(TreeShape.NodeIndexOf(nextChunk, Level));
        foreach (ChangeListCursor list in lists)
        {
            await list.PaintAsync(slab, token);
            Forget(list);
        }

        return true;
    }

    private void Forget(ChangeListCursor list)
    {
        if (isForgetful)
        {
            list.Forget();
        }
    }
}
