using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect.Marks;

/// <summary>Looks up how often ids are named. Used for ascending ids.</summary>
internal sealed class MarkCounts(MarkedIds ids)
{
    private readonly SortedCursor<Mark> large = new(ids.Large);
    private readonly SortedCursor<Mark> changes = new(ids.Changes);

    /// <returns>0 for an id that is not needed.</returns>
    /// <exception cref="MarksUnusableException">What is kept is damaged.</exception>
    public long Of(Digest id) => Find(changes, id) ?? Find(large, id) ?? 0;

    private static long? Find(SortedCursor<Mark> marks, Digest id)
    {
        marks.SkipTo(id);
        return marks.HasCurrent && marks.Current.Id == id ? marks.Current.Count : null;
    }
}
