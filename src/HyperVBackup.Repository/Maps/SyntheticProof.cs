using HyperVBackup.Format;
using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maps;

/// <summary>
/// Proves a disk's newest map from an older one and the change lists between, without chunk data: the lists are folded
/// over the ancestor's map, and the root of that must be the one recorded. Maps and lists are written independently, so
/// a fault in either shows. Stores nothing. Memory is at most 64 MiB for lists and, for each worker, 4 MiB, or 45 MiB
/// where the lists are very many. Thread-safe.
/// </summary>
/// <param name="nodes">Holds the maps and lists.</param>
/// <param name="hasher">The repository's.</param>
/// <param name="workerCount">Threads that fold, at least 1.</param>
public sealed class SyntheticProof(INodeSource nodes, ContentHasher hasher, int workerCount = 1)
{
    /// <summary>The most ranges that a result names.</summary>
    public const int RangeCountMax = 100;

    /// <summary>Folds, compares, and where the roots differ finds where the disks do.</summary>
    /// <param name="ancestor">The disk before the first list.</param>
    /// <param name="oldestFirst">The lists of the ancestor's child up to those of the newest point, none missing.
    /// </param>
    /// <param name="newest">The disk after the last list. It may have grown since; a disk that shrank has no unbroken
    /// run of lists.</param>
    /// <param name="recorded">The root that the newest point records.</param>
    /// <exception cref="ArgumentOutOfRangeException">The disk shrank, or the chunk sizes differ.</exception>
    /// <exception cref="CorruptDataException">A list, or a node that is needed, cannot be read.</exception>
    public async Task<SyntheticProofResult> ProveAsync(
        DiskMap ancestor,
        IReadOnlyCollection<ListReference> oldestFirst,
        DiskMap newest,
        DiskRoot recorded,
        CancellationToken token)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(newest.ChunkSizeBytes, ancestor.ChunkSizeBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(newest.VirtualSizeBytes, ancestor.VirtualSizeBytes);
        var fold = new MapFold(ancestor, oldestFirst, newest.VirtualSizeBytes, nodes, hasher);
        NodeId top = await fold.RunAsync(workerCount, token);
        DiskRoot folded = hasher.RootOf(newest.ChunkSizeBytes, newest.VirtualSizeBytes, top);
        bool isEqual = fold.IsInside && folded == recorded;
        var different = new DifferentChunks(newest, RangeCountMax);
        if (!isEqual)
        {
            await CompareAsync(ancestor, new ChangeFold(oldestFirst, nodes), newest, different, token);
        }

        return new SyntheticProofResult(
            isEqual, folded, fold.ChangeCount, different.Ranges, different.RangeCount, different.ChunkCount);
    }

    /// <summary>Goes side by side over what the lists say and what differs between the two maps.</summary>
    private async Task CompareAsync(
        DiskMap ancestor, ChangeFold fold, DiskMap newest, DifferentChunks different, CancellationToken token)
    {
        var diff = new DiskMapDiff(ancestor, newest, nodes);
        var before = new DiskMapReader(ancestor, nodes);
        bool isFolded = await fold.MoveNextAsync(token);
        bool isChanged = await diff.MoveNextAsync(token);
        while (isFolded || isChanged)
        {
            long foldedIndex = isFolded ? fold.Current.ChunkIndex : long.MaxValue;
            long changedIndex = isChanged ? diff.Current.ChunkIndex : long.MaxValue;
            long chunkIndex = Math.Min(foldedIndex, changedIndex);
            ChunkId? expected = foldedIndex == chunkIndex ? fold.Current.Id : null;
            ChunkId actual = changedIndex == chunkIndex
                ? diff.Current.After
                : await IdAtAsync(before, chunkIndex, token);
            if (expected != actual || chunkIndex >= newest.ChunkCount)
            {
                different.Add(chunkIndex);
            }

            isFolded = foldedIndex == chunkIndex ? await fold.MoveNextAsync(token) : isFolded;
            isChanged = changedIndex == chunkIndex ? await diff.MoveNextAsync(token) : isChanged;
        }
    }

    private static async ValueTask<ChunkId> IdAtAsync(DiskMapReader map, long chunkIndex, CancellationToken token) =>
        chunkIndex < map.Map.ChunkCount ? (await map.FindAsync(chunkIndex, token)).Id : default;
}
