using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Rotation;

namespace HyperVBackup.Repository.Maintenance.Rotation;

/// <summary>
/// Which chunk packs a run reads, and in which order: from the cursor on, so that what was read longest ago comes
/// first. A run leaves as much of the rotation as is not its turn yet, to the nearest pack, and the one whose turn ends
/// the rotation leaves nothing; so the runs of one rotation, whose percentages make 100, read all of it, however many
/// packs came meanwhile ahead of the cursor. What is left of that run's turn begins the next rotation. Immutable.
/// </summary>
internal sealed class RotationPlan
{
    /// <summary>A rest this small is of rounding, as in three times 33.3333.</summary>
    private const double RoundingShare = 1e-5;

    private readonly ulong start;
    private readonly ulong cursor;
    private readonly uint doneBefore;
    private readonly double firstShare;
    private readonly double secondShare;
    private readonly RotationPack[] circle;
    private readonly int restCount;
    private readonly int firstCount;
    private readonly bool reachesEnd;
    private readonly long[] endBytes;

    /// <param name="packs">All chunk packs, in any order.</param>
    /// <param name="percent">Of their bytes, to be read; from 0 to 100.</param>
    public RotationPlan(VerifiedNote note, IEnumerable<RotationPack> packs, double percent)
    {
        const double All = 100;
        (start, cursor, doneBefore) = (note.Start, note.Cursor, note.DoneShare);
        ulong from = unchecked(cursor - start);
        RotationPack[] all = [.. packs];
        Array.Sort(all, Compare);
        int behindCount = all.TakeWhile(pack => unchecked(pack.Position - start) < from).Count();
        circle = [.. all[behindCount..], .. all[..behindCount]];
        restCount = all.Length - behindCount;
        long totalBytes = all.Sum(pack => pack.LengthBytes);
        long restBytes = circle[..restCount].Sum(pack => pack.LengthBytes);
        double share = percent / All;
        double left = 1 - ((double)doneBefore / VerifiedNote.WholeShare);
        firstCount = restCount;
        if (percent >= All)
        {
            (firstShare, reachesEnd) = (left, true);
            Count = all.Length;
            secondShare = totalBytes == 0 ? 0 : (double)(totalBytes - restBytes) / totalBytes;
        }
        else if (share >= left - RoundingShare)
        {
            (firstShare, secondShare, reachesEnd) = (left, Math.Max(0, share - left - RoundingShare), true);
            Count = CountFor(secondShare * totalBytes, restCount, all.Length);
        }
        else
        {
            Count = CountFor(restBytes - (totalBytes * (left - share)), 0, restCount);
            (firstCount, firstShare) = (Count, share);
        }

        endBytes = new long[Count];
        for (int index = 0; index < Count; index++)
        {
            endBytes[index] = EndOf(index) + circle[index].LengthBytes;
        }
    }

    /// <summary>How many packs are to be read.</summary>
    public int Count { get; }

    /// <summary>Their bytes.</summary>
    public long LengthBytes => EndOf(Count);

    /// <summary>The pack to be read as the index-th.</summary>
    public PackName this[int index] => circle[index].Name;

    /// <summary>Bytes of the packs before the index-th.</summary>
    public long EndOf(int index) => index == 0 ? 0 : endBytes[index - 1];

    /// <summary>Where the next run goes on once the first packs of this one were read.</summary>
    public RotationState After(int count)
    {
        bool isAllRead = count == circle.Length && count > 0;
        if (count < firstCount || !reachesEnd)
        {
            double share = count == firstCount ? firstShare : firstShare * EndOf(count) / EndOf(firstCount);
            uint done = Share(((double)doneBefore / VerifiedNote.WholeShare) + share);
            ulong cursorAfter = count < restCount ? circle[count].Position : unchecked(start - 1);
            return new RotationState(cursorAfter, done, isAllRead);
        }

        long ofSecond = LengthBytes - EndOf(firstCount);
        double secondDone = ofSecond == 0 ? 0 : secondShare * (EndOf(count) - EndOf(firstCount)) / ofSecond;
        ulong next = count == firstCount ? start : count < circle.Length ? circle[count].Position : cursor;
        return new RotationState(next, Share(secondDone), isAllRead);
    }

    private int Compare(RotationPack left, RotationPack right)
    {
        int order = unchecked(left.Position - start).CompareTo(unchecked(right.Position - start));
        order = order != 0 ? order : left.Name.Session.CompareTo(right.Name.Session);
        return order != 0 ? order : left.Name.Number.CompareTo(right.Name.Number);
    }

    private static uint Share(double share) => (uint)Math.Clamp(
        Math.Round(share * VerifiedNote.WholeShare), 0, VerifiedNote.WholeShare - 1);

    /// <summary>How many packs it takes, from the first one on, until there are about so many bytes.</summary>
    private int CountFor(double bytes, int first, int end)
    {
        int count = first;
        for (double found = 0; count < end && found + (circle[count].LengthBytes / 2.0) <= bytes; count++)
        {
            found += circle[count].LengthBytes;
        }

        return count;
    }
}
