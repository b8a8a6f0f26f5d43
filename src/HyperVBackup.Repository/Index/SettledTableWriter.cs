using System.Runtime.InteropServices;
using HyperVBackup.Format;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Index;

/// <summary>Writes the file of a settled table, region after region. What it writes counts for nothing until a manifest
/// names it.</summary>
internal sealed class SettledTableWriter
{
    private const int GroupCountTypical = 512;
    private readonly SafeFileHandle file;
    private readonly int groupBits;
    private readonly uint[] starts;
    private readonly ulong[] sums;
    private int nextGroup;
    private long entryCount;

    /// <param name="file">Empty.</param>
    /// <param name="entryCountMax">About as many as will come.</param>
    public SettledTableWriter(SafeFileHandle file, long entryCountMax)
    {
        this.file = file;
        groupBits = SettledKey.RegionBits;
        while (entryCountMax >> groupBits > GroupCountTypical && groupBits < SettledTable.GroupBitsMax)
        {
            groupBits++;
        }

        starts = new uint[(1 << groupBits) + 1];
        sums = new ulong[1 << groupBits];
    }

    /// <summary>The leading bits of a key that choose its group.</summary>
    public int GroupBits => groupBits;

    /// <summary>Appends the next region.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    public void Append(SettledRegion region)
    {
        RandomAccess.Write(file, MemoryMarshal.AsBytes(region.Words), entryCount * SettledTable.EntryBytes);
        uint start = 0;
        for (int group = 0; group < region.GroupSums.Length; group++)
        {
            starts[nextGroup] = checked((uint)(entryCount + start));
            sums[nextGroup++] = region.GroupSums[group];
            start = region.GroupEnds[group];
        }

        entryCount += region.Words.Length;
    }

    /// <summary>Writes the directory, and says what was written.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    public TableMark Finish(long number)
    {
        Invariant.Check(nextGroup == sums.Length);
        starts[nextGroup] = checked((uint)entryCount);
        byte[] directory = SettledTable.DirectoryOf(starts, sums);
        RandomAccess.Write(file, directory, entryCount * SettledTable.EntryBytes);
        return new TableMark(number, entryCount, groupBits, SettledTable.HashOf(directory));
    }
}
