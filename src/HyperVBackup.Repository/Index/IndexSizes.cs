namespace HyperVBackup.Repository.Index;

/// <summary>
/// How an index divides its memory budget. FASTER keeps 8 bytes per entry in a hash table of 64-byte buckets of seven,
/// and allocates more buckets where one overflows, so the table follows the entries: at 7 per bucket (when it is
/// doubled) it takes 64/7 = 9.1 bytes an entry and overflow buckets of up to half of that again; just doubled, 18.
/// The rest of the budget keeps the newest entries, 64 bytes each, of which FASTER allocates pages as they fill.
/// <code>
/// budget    table max   entries max   overflow max   log then   chunks of 64 KiB then
/// 256 MiB   128 MiB     14.7 million   64 MiB        64 MiB     0.9 TiB
///   1 GiB   512 MiB     58.7 million  256 MiB       256 MiB     3.5 TiB
///   4 GiB     2 GiB    234.9 million    1 GiB         1 GiB    14.0 TiB
/// </code>
/// An empty index takes 1 MiB of table, 4 MiB of overflow buckets (one FASTER page of them) and 2 MiB of log.
/// </summary>
/// <param name="TableBytes">The hash table, a power of two.</param>
/// <param name="LogBytes">Memory for the newest entries, a power of two.</param>
internal readonly record struct IndexSizes(long TableBytes, long LogBytes)
{
    public const long BudgetBytesMin = 16 << 20;
    public const int PageBytes = 1 << 20;
    public const int EntryBytes = 64;
    private const long TableBytesMin = 1 << 20;
    private const long LogBytesMin = 4 * PageBytes;
    private const long QuickTableBytes = 16 << 20;
    private const int BucketBytes = 64;
    private const int BucketEntryCount = 7;

    /// <summary>The entries at which the table is worth growing.</summary>
    public long EntryCountMax => TableBytes / BucketBytes * BucketEntryCount;

    /// <summary>Sizes for <paramref name="entryCount"/> entries, and a quarter more if the budget allows. Entries that
    /// are there already get the table they need, whatever the budget is now.</summary>
    public static IndexSizes For(long entryCount, long budgetBytes)
    {
        IndexSizes sizes = WithTable(TableBytesMin, budgetBytes);
        while (sizes.EntryCountMax < entryCount)
        {
            sizes = WithTable(sizes.TableBytes * 2, budgetBytes);
        }

        bool hasRoom = sizes.EntryCountMax >= entryCount + (entryCount / 4);
        return !hasRoom && sizes.TryGrow(budgetBytes, out IndexSizes larger) ? larger : sizes;
    }

    /// <summary>The next larger sizes; false where the budget allows none. Small tables grow fourfold, as entries are
    /// read again each time.</summary>
    public bool TryGrow(long budgetBytes, out IndexSizes larger)
    {
        long tableBytesMax = budgetBytes / 2;
        long tableBytes = TableBytes * (TableBytes < QuickTableBytes && TableBytes * 4 <= tableBytesMax ? 4 : 2);
        larger = WithTable(tableBytes, budgetBytes);
        return tableBytes <= tableBytesMax;
    }

    private static IndexSizes WithTable(long tableBytes, long budgetBytes)
    {
        long logBytes = LogBytesMin;
        while (logBytes * 2 <= budgetBytes - (tableBytes * 3 / 2))
        {
            logBytes *= 2;
        }

        return new IndexSizes(tableBytes, logBytes);
    }
}
