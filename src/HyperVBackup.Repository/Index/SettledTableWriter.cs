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

    /// <summary>Appends the next region: words in ascending order.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    public void Append(ReadOnlySpan<ulong> words)
    {
        RandomAccess.Write(file, MemoryMarshal.AsBytes(words), entryCount * SettledTable.EntryBytes);
        int start = 0;
        int groupsInRegion = 1 << (groupBits - SettledKey.RegionBits);
        for (int group = 0; group < groupsInRegion; group++)
        {
            int end = start;
            while (end < words.Length && SettledKey.GroupInRegion(words[end], groupBits) == group)
            {
                end++;
            }

            starts[nextGroup] = checked((uint)(entryCount + start));
            sums[nextGroup++] = SettledTable.SumOf(words[start..end]);
            start = end;
        }

        Invariant.Check(start == words.Length);
        entryCount += words.Length;
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
