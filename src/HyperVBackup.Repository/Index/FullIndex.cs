using System.Globalization;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Index;

/// <summary>What is said of an index whose memory budget is used, and done about it.</summary>
internal static class FullIndex
{
    /// <summary>Where so much of its packs is collected it is worth the time to load all others anew.</summary>
    private const int WornShare = 8;

    /// <summary>Opens the index of this host; one that is full, of which collections deleted an eighth or more of the
    /// packs, is forgotten, and one that is to be loaded anew takes its place.</summary>
    public static async Task<IChunkIndex> OpenUnwornAsync(
        string stateFolder, long budgetBytes, RepositoryId repository, CollectionFiles collections)
    {
        IChunkIndex index = ChunkIndexFolder.OpenToLoad(stateFolder, repository, budgetBytes);
        if (index is not FasterChunkIndex { State: ChunkIndexState.Full } full || !await IsWornAsync(full, collections))
        {
            return index;
        }

        await index.DisposeAsync();
        ChunkIndexFolder.Forget(stateFolder, repository);
        return ChunkIndexFolder.OpenToLoad(stateFolder, repository, budgetBytes);
    }

    /// <summary>Says how much deduplication was given up to keep the memory budget, if any was.</summary>
    public static void Warn(IChunkIndex index, RepositoryEnvironment environment)
    {
        if (index.NotIndexedCount > 0)
        {
            environment.Warn(string.Create(
                CultureInfo.InvariantCulture,
                $"The index is full: {index.NotIndexedCount} entries are not in it, and what they stand for is stored "
                + $"again where it is met again; raise --memory above {environment.MemoryBudgetBytes >> 20} MiB, or, "
                + $"where much was collected since, run 'rebuild-index'."));
        }
    }

    private static async Task<bool> IsWornAsync(FasterChunkIndex index, CollectionFiles collections)
    {
        HashSet<PackName> packs = [.. index.Packs];
        try
        {
            HashSet<PackName> gone = await collections.FindCollectedAsync(packs, CancellationToken.None);
            return gone.Count > 0 && gone.Count >= packs.Count / WornShare;
        }
        catch (StoreException)
        {
            return false; // the session meets it too
        }
    }
}
