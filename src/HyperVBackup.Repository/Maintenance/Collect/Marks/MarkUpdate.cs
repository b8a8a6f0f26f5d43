using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect.Marks;

/// <summary>What becomes of the marks of one kind. Used once.</summary>
internal sealed class MarkUpdate(MarkedIds before, Workshop workshop) : IDisposable
{
    private readonly Sorter<Mark> changed = workshop.NewSorter<Mark>(RefuseTwice);
    private MarkSum sum = before.Sum;

    /// <summary>Counts more or less of ids; an id only once in all.</summary>
    /// <param name="steps">By how much. What the marks must come to with them is told by their sum alone, which is
    /// held against the tables whenever these are read.</param>
    /// <returns>Those that are needed now and were not, or the reverse; ascending.</returns>
    /// <exception cref="MarksUnusableException">What is kept is damaged, or does not go with these.</exception>
    public IEnumerable<TurnedId> Apply(WeighedSorter<Mark> steps)
    {
        sum = sum with { Named = sum.Named.With(steps.Sum) };
        MarkCounts counts = new(before);
        foreach (Mark step in steps.Read())
        {
            if (step.Count == 0)
            {
                continue;
            }

            long count = counts.Of(step.Id);
            Mark now = step with { Count = unchecked(count + step.Count) };
            if (now.Count < 0)
            {
                throw new MarksUnusableException($"By the kept marks, {step.Id} is named less than not at all.");
            }

            changed.Add(now);
            if (count == 0 || now.Count == 0)
            {
                sum = count == 0 ? sum.With(step.Id) : sum.Without(step.Id);
                yield return new TurnedId(step.Id, count == 0 ? 1 : -1);
            }
        }
    }

    /// <summary>The marks as they are now, in tables of their own.</summary>
    /// <exception cref="IOException">There is no room.</exception>
    public MarkedIds Finish(MarksFolder folder, CancellationToken token)
    {
        if (before.Large.Count == 0)
        {
            return new MarkedIds(Write(changed.Read(), folder, token), MarkTable.Empty(), sum);
        }

        MarkTable changes = changed.IsEmpty
            ? before.Changes.Share()
            : Write(
                MarkedIds.Overlay(new SortedCursor<Mark>(before.Changes), new SortedCursor<Mark>(changed)),
                folder, token);
        return new MarkedIds(before.Large.Share(), changes, sum);
    }

    public void Dispose() => changed.Dispose();

    private static MarkTable Write(IEnumerable<Mark> marks, MarksFolder folder, CancellationToken token)
    {
        using MarkTableWriter writer = folder.NewTable();
        long count = 0;
        const long CountBetween = 4096;
        foreach (Mark mark in marks)
        {
            if (count++ % CountBetween == 0)
            {
                token.ThrowIfCancellationRequested();
            }

            writer.Add(mark);
        }

        return writer.Finish();
    }

    private static Mark RefuseTwice(Mark one, Mark other) =>
        throw new MarksUnusableException($"{one.Id} is of two levels.");
}
