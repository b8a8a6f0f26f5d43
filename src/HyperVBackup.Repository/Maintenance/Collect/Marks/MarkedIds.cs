using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect.Marks;

/// <summary>
/// The ids of one kind that are needed, and how often each is named: a large table, and a small one of what has
/// changed since that was written, which holds for the ids in it. One thread at a time.
/// </summary>
internal sealed class MarkedIds(MarkTable large, MarkTable changes, MarkSum sum) : IDisposable
{
    public MarkTable Large => large;

    /// <summary>A count of zero means: not needed any more.</summary>
    public MarkTable Changes => changes;

    /// <summary>Over the ids that are needed, and how often each is named.</summary>
    public MarkSum Sum => sum;

    public static MarkedIds None() => new(MarkTable.Empty(), MarkTable.Empty(), default);

    /// <summary>Ascending, each once; may be gone over again.</summary>
    /// <exception cref="MarksUnusableException">What is kept is damaged, or was put together wrongly.</exception>
    public IEnumerable<Digest> Read() => ReadMarks().Select(mark => mark.Id);

    /// <summary>As <see cref="Read"/>, with their counts.</summary>
    public IEnumerable<Mark> ReadMarks()
    {
        MarkSum found = default;
        Mark last = default;
        foreach (Mark mark in Overlay(new SortedCursor<Mark>(large), new SortedCursor<Mark>(changes)))
        {
            if (mark.Count == 0)
            {
                continue;
            }

            if (mark.Count < 0 || (found.Count > 0 && mark.CompareTo(last) <= 0))
            {
                throw new MarksUnusableException("The kept marks are not in order.");
            }

            (found, last) = (found.With(mark), mark);
            yield return mark;
        }

        if (found != sum)
        {
            throw new MarksUnusableException("The kept marks are not all there.");
        }
    }

    /// <summary>All of both, ascending; where an id is in both, the mark that lies over the other.</summary>
    public static IEnumerable<Mark> Overlay(SortedCursor<Mark> under, SortedCursor<Mark> over)
    {
        while (under.HasCurrent || over.HasCurrent)
        {
            int order = !over.HasCurrent ? -1 : !under.HasCurrent ? 1 : under.Current.CompareTo(over.Current);
            yield return order < 0 ? under.Current : over.Current;
            if (order <= 0)
            {
                under.MoveNext();
            }

            if (order >= 0)
            {
                over.MoveNext();
            }
        }
    }

    public void Dispose()
    {
        large.Dispose();
        changes.Dispose();
    }
}
