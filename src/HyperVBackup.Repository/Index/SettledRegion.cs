using HyperVBackup.Format;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Index;

/// <summary>One region of a new settled table: what the old one has of it, and the newest entries. Of two entries of
/// one key the newer stays. Used for one region after another; not thread-safe.</summary>
/// <param name="log">Holds all the entries.</param>
internal sealed class SettledRegion(SafeFileHandle log, ulong salt)
{
    private readonly SpreadSort sort = new();
    private ulong[] oldWords = [];
    private ulong[] newWords = [];
    private ulong[] unsorted = [];
    private ulong[] merged = [];
    private uint[] ends = [];
    private ulong[] sums = [];
    private int count;

    /// <summary>The words, in ascending order.</summary>
    public ReadOnlySpan<ulong> Words => merged.AsSpan(0, count);

    /// <summary>For each group of the region, where it ends in <see cref="Words"/>.</summary>
    public ReadOnlySpan<uint> GroupEnds => ends;

    /// <summary>For each group of the region, its sum.</summary>
    public ReadOnlySpan<ulong> GroupSums => sums;

    /// <param name="old">Null where there is none.</param>
    /// <param name="groupBits">Of the new table.</param>
    /// <exception cref="Format.CorruptDataException">The old table or the log is not whole.</exception>
    public void Make(int region, SettledTable? old, RegionWords newest, int groupBits)
    {
        int oldCount = old?.ReadRegion(region, ref oldWords) ?? 0;
        int newCount = newest.CountOf(region);
        (unsorted, newWords) = (Grown(unsorted, newCount), Grown(newWords, newCount));
        merged = Grown(merged, oldCount + newCount);
        newest.CopyTo(region, unsorted.AsSpan(0, newCount));
        sort.Run(unsorted.AsSpan(0, newCount), newWords.AsSpan(0, newCount));
        count = Merge(oldWords.AsSpan(0, oldCount), newWords.AsSpan(0, newCount));
        DivideIntoGroups(groupBits);
    }

    private static ulong[] Grown(ulong[] words, int countMin) =>
        words.Length < countMin ? new ulong[countMin + (countMin / 4)] : words;

    private int Merge(ReadOnlySpan<ulong> old, ReadOnlySpan<ulong> newest)
    {
        (int oldAt, int newAt, int end) = (0, 0, 0);
        while (oldAt < old.Length || newAt < newest.Length)
        {
            bool isOld = newAt == newest.Length || (oldAt < old.Length && old[oldAt] < newest[newAt]);
            ulong word = isOld ? old[oldAt++] : newest[newAt++];
            if (end > 0 && SettledKey.TagIn(merged[end - 1]) == SettledKey.TagIn(word))
            {
                end = RemoveOlder(word, end);
            }

            merged[end++] = word;
        }

        return end;
    }

    /// <summary>Removes an entry of the same key; slots ascend, so it is older.</summary>
    private int RemoveOlder(ulong word, int end)
    {
        IndexKey key = KeyOf(word);
        int at = end - 1;
        while (at >= 0 && SettledKey.TagIn(merged[at]) == SettledKey.TagIn(word))
        {
            if (KeyOf(merged[at]) == key)
            {
                merged.AsSpan((at + 1)..end).CopyTo(merged.AsSpan(at));
                return end - 1;
            }

            at--;
        }

        return end;
    }

    private IndexKey KeyOf(ulong word) => LogEntry.ReadSlot(log, SettledKey.SlotIn(word), salt).Key;

    private void DivideIntoGroups(int groupBits)
    {
        int groupCount = 1 << (groupBits - SettledKey.RegionBits);
        (ends, sums) = ends.Length == groupCount ? (ends, sums) : (new uint[groupCount], new ulong[groupCount]);
        int start = 0;
        for (int group = 0; group < groupCount; group++)
        {
            int end = start;
            while (end < count && SettledKey.GroupInRegion(merged[end], groupBits) == group)
            {
                end++;
            }

            ends[group] = (uint)end;
            sums[group] = SettledTable.SumOf(merged.AsSpan(start..end));
            start = end;
        }

        Invariant.Check(start == count);
    }
}
