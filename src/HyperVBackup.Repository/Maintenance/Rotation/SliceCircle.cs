using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Rotation;

namespace HyperVBackup.Repository.Maintenance.Rotation;

/// <summary>Slices of the circle of positions, as <see cref="VerifiedNote.Slices"/> keeps them.</summary>
internal static class SliceCircle
{
    /// <summary>The slice that a position lies in.</summary>
    public static VerifiedSlice At(IReadOnlyList<VerifiedSlice> slices, ulong position)
    {
        (int low, int high) = (0, slices.Count);
        while (high - low > 1)
        {
            int middle = (low + high) / 2;
            (low, high) = slices[middle].Start <= position ? (middle, high) : (low, middle);
        }

        return slices[low];
    }

    /// <summary>Notes that a run read what lies from one position up to another, which may lie beyond the end of the
    /// circle; all of it where the two are one.</summary>
    public static List<VerifiedSlice> Set(
        IReadOnlyList<VerifiedSlice> slices, ulong start, ulong end, uint run, DateTimeOffset time)
    {
        VerifiedSlice read = new(0, run, time);
        if (start == end)
        {
            return [read];
        }

        bool isOverEnd = start > end;
        List<ulong> starts = [0, start, end, .. slices.Select(slice => slice.Start)];
        return Join(starts, position =>
            (isOverEnd ? position >= start || position < end : position >= start && position < end)
                ? read
                : At(slices, position));
    }

    /// <summary>Of two notes the newer run at each position.</summary>
    public static List<VerifiedSlice> Merge(IReadOnlyList<VerifiedSlice> left, IReadOnlyList<VerifiedSlice> right) =>
        Join(left.Concat(right).Select(slice => slice.Start), position =>
        {
            (VerifiedSlice one, VerifiedSlice other) = (At(left, position), At(right, position));
            return one.Run > other.Run || (one.Run == other.Run && one.Time >= other.Time) ? one : other;
        });

    private static List<VerifiedSlice> Join(IEnumerable<ulong> starts, Func<ulong, VerifiedSlice> sliceAt)
    {
        List<VerifiedSlice> joined = [];
        foreach (ulong start in starts.Distinct().Order())
        {
            Add(joined, sliceAt(start) with { Start = start });
        }

        return joined.Count <= FormatLimits.VerifiedSliceCountMax ? joined : Thin(joined);
    }

    /// <summary>Every second slice goes into the one before it; the older of both stands for both.</summary>
    private static List<VerifiedSlice> Thin(List<VerifiedSlice> slices)
    {
        List<VerifiedSlice> thinned = [];
        for (int index = 0; index < slices.Count; index += 2)
        {
            VerifiedSlice second = slices[Math.Min(index + 1, slices.Count - 1)];
            VerifiedSlice older = second.Run < slices[index].Run ? second : slices[index];
            Add(thinned, older with { Start = slices[index].Start });
        }

        return thinned;
    }

    private static void Add(List<VerifiedSlice> slices, VerifiedSlice slice)
    {
        if (slices.Count == 0 || (slices[^1].Run, slices[^1].Time) != (slice.Run, slice.Time))
        {
            slices.Add(slice);
        }
    }
}
