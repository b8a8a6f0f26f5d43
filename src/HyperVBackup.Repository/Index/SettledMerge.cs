using System.Runtime.ExceptionServices;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Index;

/// <summary>Makes a new settled table of an old one and the newest entries: a few regions at a time side by side, and
/// writes them one after the other.</summary>
/// <param name="log">Holds all the entries.</param>
/// <param name="noteStep">Called again and again, by several threads, some thousand reads of the log apart.</param>
internal sealed class SettledMerge(SafeFileHandle log, ulong salt, Action noteStep)
{
    private const int RegionsAtOnce = 8;
    private readonly SettledRegion[] regions =
        [.. Enumerable.Range(0, RegionsAtOnce).Select(_ => new SettledRegion(log, salt))];

    /// <param name="old">Null where there is none.</param>
    /// <param name="entryCountMin">How many entries the table is laid out for at least.</param>
    /// <exception cref="Format.CorruptDataException">The old table or the log is not whole.</exception>
    /// <exception cref="IOException">The system refused.</exception>
    public TableMark Run(
        SettledTable? old, RegionWords newest, SafeFileHandle output, long number, long entryCountMin = 0)
    {
        SettledTableWriter writer = new(
            output, Math.Max((old?.Mark.EntryCount ?? 0) + newest.Count, entryCountMin));
        for (int first = 0; first < SettledKey.RegionCount; first += RegionsAtOnce)
        {
            MakeRegions(first, old, newest, writer.GroupBits);
            foreach (SettledRegion region in regions)
            {
                writer.Append(region);
            }
        }

        return writer.Finish(number);
    }

    /// <summary>What fails in several of them is told once, as if they were made one after the other.</summary>
    private void MakeRegions(int first, SettledTable? old, RegionWords newest, int groupBits)
    {
        try
        {
            Parallel.For(0, RegionsAtOnce, at =>
            {
                regions[at].Make(first + at, old, newest, groupBits);
                noteStep();
            });
        }
        catch (AggregateException failures)
        {
            ExceptionDispatchInfo.Throw(failures.InnerExceptions[0]);
        }
    }
}
