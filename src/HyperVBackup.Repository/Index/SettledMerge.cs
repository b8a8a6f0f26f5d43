using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Index;

/// <summary>Makes a new settled table of an old one and the newest entries. Of two entries of one key the newer stays.
/// </summary>
/// <param name="log">Holds all the entries.</param>
internal sealed class SettledMerge(SafeFileHandle log, ulong salt)
{
    private ulong[] oldWords = [];
    private ulong[] merged = [];

    /// <param name="old">Null where there is none.</param>
    /// <param name="entryCountMin">How many entries the table is laid out for at least.</param>
    /// <exception cref="Format.CorruptDataException">The old table or the log is not whole.</exception>
    /// <exception cref="IOException">The system refused.</exception>
    public TableMark Run(SettledTable? old, LogTail tail, SafeFileHandle output, long number, long entryCountMin = 0)
    {
        SettledTableWriter writer = new(
            output, Math.Max((old?.Mark.EntryCount ?? 0) + tail.Count, entryCountMin));
        for (int region = 0; region < SettledKey.RegionCount; region++)
        {
            int oldCount = old?.ReadRegion(region, ref oldWords) ?? 0;
            ReadOnlySpan<ulong> newest = tail.Region(region);
            if (merged.Length < oldCount + newest.Length)
            {
                merged = new ulong[(oldCount + newest.Length) * 5 / 4];
            }

            int count = Merge(oldWords.AsSpan(0, oldCount), newest);
            writer.Append(merged.AsSpan(0, count));
        }

        return writer.Finish(number);
    }

    private int Merge(ReadOnlySpan<ulong> old, ReadOnlySpan<ulong> newest)
    {
        (int oldAt, int newAt, int count) = (0, 0, 0);
        while (oldAt < old.Length || newAt < newest.Length)
        {
            bool isOld = newAt == newest.Length || (oldAt < old.Length && old[oldAt] < newest[newAt]);
            ulong word = isOld ? old[oldAt++] : newest[newAt++];
            if (count > 0 && SettledKey.TagIn(merged[count - 1]) == SettledKey.TagIn(word))
            {
                count = RemoveOlder(word, count);
            }

            merged[count++] = word;
        }

        return count;
    }

    /// <summary>Removes an entry of the same key; slots ascend, so it is older.</summary>
    private int RemoveOlder(ulong word, int count)
    {
        IndexKey key = KeyOf(word);
        int at = count - 1;
        while (at >= 0 && SettledKey.TagIn(merged[at]) == SettledKey.TagIn(word))
        {
            if (KeyOf(merged[at]) == key)
            {
                merged.AsSpan((at + 1)..count).CopyTo(merged.AsSpan(at));
                return count - 1;
            }

            at--;
        }

        return count;
    }

    private IndexKey KeyOf(ulong word) => LogEntry.ReadSlot(log, SettledKey.SlotIn(word), salt).Key;
}
