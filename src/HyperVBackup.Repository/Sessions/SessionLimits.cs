namespace HyperVBackup.Repository.Sessions;

/// <summary>What a session keeps in memory and how large its packs get.</summary>
internal static class SessionLimits
{
    /// <summary>Between two signs of life: what a collector's patience is a multiple of.</summary>
    public static readonly TimeSpan SignOfLifeInterval = TimeSpan.FromMinutes(1);

    /// <summary>Packs being flushed while the next one is written.</summary>
    public const int PublishingPackCountMax = 2;

    /// <summary>Closed packs whose chunks are still known without asking the index: more than the chunks between
    /// classifying and appending can fill, which are at most 64 batches of 4 MiB.</summary>
    public const int RecentPackCount = 6;

    /// <summary>Tables of foreign packs kept at hand to confirm look-ups: some hundreds of the usual ones, which take
    /// about 100 KiB each; of the largest that a pack may have, one.</summary>
    public const long PackTableBytesMax = 32L << 20;

    /// <summary>Decoded records kept while reading, for the chunks that take pages from them; less where the memory
    /// budget is small.</summary>
    public const long DataRecordBytesMax = 64L << 20;

    /// <summary>The share of the memory budget that is at most spent so.</summary>
    public const int DataRecordBudgetDivisor = 16;

    /// <summary>The share of the memory budget with which a session that reads asks the index.</summary>
    public const int AskedIndexBudgetDivisor = 8;

    /// <summary>Of so many bytes of the memory budget one serves a chunk that is looked for ahead: it takes some
    /// hundred for a while.</summary>
    public const int AheadIdBudgetDivisor = 2048;

    /// <summary>Page lists of packs kept at hand to take pages from: some twenty of the usual packs.</summary>
    public const long PageMapBytesMax = 24L << 20;

    /// <summary>Map records gathered before they are appended.</summary>
    public const int MapBufferBytes = 256 << 10;

    /// <summary>More sessions than this to catch up with, and all packs are listed once instead of each one's.
    /// </summary>
    public const int CatchUpOneByOneMax = 64;
}
