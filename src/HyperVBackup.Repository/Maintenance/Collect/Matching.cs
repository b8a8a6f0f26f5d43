using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Goes over sorted ids and sorted records side by side.</summary>
internal static class Matching
{
    /// <summary>Each id with all its records, in the order of their places.</summary>
    /// <param name="ids">Ascending, each once.</param>
    /// <param name="records">Ascending.</param>
    /// <returns>The list is the same each time, filled anew; empty where there is no record.</returns>
    public static IEnumerable<(Digest Id, List<StoredRecord> Records)> Of(
        IEnumerable<Digest> ids, IEnumerable<StoredRecord> records, CancellationToken token)
    {
        const int CountBetweenChecks = 4096;
        List<StoredRecord> found = [];
        using IEnumerator<StoredRecord> next = records.GetEnumerator();
        bool hasNext = next.MoveNext();
        long count = 0;
        foreach (Digest id in ids)
        {
            if (count++ % CountBetweenChecks == 0)
            {
                token.ThrowIfCancellationRequested();
            }

            found.Clear();
            int order = -1;
            while (hasNext && (order = next.Current.Id.CompareTo(id)) <= 0)
            {
                if (order == 0)
                {
                    found.Add(next.Current);
                }

                hasNext = next.MoveNext();
            }

            yield return (id, found);
        }
    }
}
