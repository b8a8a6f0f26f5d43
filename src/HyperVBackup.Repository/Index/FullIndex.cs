using System.Globalization;

namespace HyperVBackup.Repository.Index;

/// <summary>What is said of an index whose memory budget is used.</summary>
internal static class FullIndex
{
    /// <summary>Says how much deduplication was given up to keep the memory budget, if any was.</summary>
    public static void Warn(IChunkIndex index, RepositoryEnvironment environment)
    {
        if (index.NotIndexedCount > 0)
        {
            environment.Warn(string.Create(
                CultureInfo.InvariantCulture,
                $"The index is full: {index.NotIndexedCount} entries are not in it, and what they stand for is stored "
                + $"again where it is met again; raise --memory above {environment.MemoryBudgetBytes >> 20} MiB."));
        }
    }
}
