using System.Numerics;

namespace HyperVBackup.Repository.Index;

/// <summary>How an index divides its memory budget, and when it does what; the sums stand on
/// <see cref="FasterChunkIndex"/>. Fixed while the index is open.</summary>
/// <param name="HashTableBytes">FASTER's table for the newest entries, a power of two.</param>
/// <param name="LogBytes">FASTER's memory for the newest entries themselves, a power of two.</param>
/// <param name="TailCountMax">Newest entries at which they are settled in any case.</param>
/// <param name="SettledBytesMax">What of the settled table may be kept in memory.</param>
internal readonly record struct IndexSizes(long HashTableBytes, long LogBytes, long TailCountMax, long SettledBytesMax)
{
    public const long BudgetBytesMin = 16 << 20;
    public const int PageBytes = 1 << 20;
    private const long HashTableBytesMin = 1 << 20;
    private const long HashTableBytesMax = 128 << 20;
    private const long LogBytesMin = 4 * PageBytes;
    private const long LogBytesMax = 64 * PageBytes;
    private const long BuffersBytes = 2 << 20;
    private const int BucketBytes = 64;
    private const int BucketEntryCount = 7;
    private const long SettleCountMax = 1 << 20;

    /// <summary>Entries beyond these are not indexed.</summary>
    public long EntryCountMax { get; init; } = Math.Min(
        SettledBytesMax / SettledTable.EntryBytes, LogEntry.LogBytesMax / LogEntry.SizeBytes / 8 * 7);

    /// <summary>Fewer newest entries than these are not settled on a save.</summary>
    public long SettleCountMin { get; init; } = 128 << 10;

    /// <param name="budgetBytes">At least <see cref="BudgetBytesMin"/>.</param>
    public static IndexSizes For(long budgetBytes)
    {
        long hashTableBytes = PowerOfTwo(budgetBytes / 24, HashTableBytesMin, HashTableBytesMax);
        long logBytes = PowerOfTwo(budgetBytes / 16, LogBytesMin, LogBytesMax);
        long tailCountMax = hashTableBytes / BucketBytes * BucketEntryCount;
        long overflowBytes = hashTableBytes / 2;
        long sortBytes = tailCountMax * SettledTable.EntryBytes;
        long tailBytes = hashTableBytes + overflowBytes + logBytes + sortBytes + BuffersBytes;
        return new IndexSizes(hashTableBytes, logBytes, tailCountMax, budgetBytes - tailBytes);
    }

    /// <summary>Newest entries from which on a save settles them: few enough that opening them takes a fraction of a
    /// second, so many that the settled table is not written again for little.</summary>
    public long SettleCount(long settledCount) =>
        Math.Min(TailCountMax, Math.Clamp(settledCount / 4, SettleCountMin, SettleCountMax));

    private static long PowerOfTwo(long atMost, long min, long max) =>
        Math.Clamp((long)BitOperations.RoundUpToPowerOf2((ulong)atMost + 1) / 2, min, max);
}
