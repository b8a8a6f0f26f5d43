using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using HyperVBackup.Blake3;
using HyperVBackup.Format;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Index;

/// <summary>
/// Where the settled entries of the log lie: 8 bytes each, sorted by key, in a file that is written once. It stands in
/// for a hash table that would take 11 to 18 bytes an entry and would have to be filled anew at every opening.
/// <list type="bullet">
/// <item>The leading bits of a key choose its group of some 256 to 512 entries; opening reads only the directory, 12
/// bytes a group. A word in it is 32 further bits of the key and the entry's place in the log: a miss is told from a
/// hit without the log, but for one in a hundred thousand with 100 million entries.</item>
/// <item>Groups are read when first asked for, each checked against its sum, and kept. Once as many were read one by
/// one as would cost the time of reading all, the rest is read in one go: so an incremental of few chunks
/// reads little, however large the table, and a full reads it once. Where the budget does not allow to keep them, they
/// are read each time.</item>
/// </list>
/// Not thread-safe.
/// </summary>
internal sealed class SettledTable : IDisposable
{
    public const int EntryBytes = sizeof(ulong);
    public const int GroupBitsMax = 24;
    private const int StartBytes = sizeof(uint);
    private const int SumBytes = sizeof(ulong);
    private const int ReadBytes = 1 << 20;

    /// <summary>What a disk reads in a row in the time it takes to find one place.</summary>
    private const int BytesPerSeek = 128 << 10;

    private readonly SafeFileHandle file;
    private readonly uint[] starts;
    private readonly ulong[] sums;
    private readonly NativeWords? kept;
    private readonly bool[] isKept;
    private ulong[] scratch = [];
    private int seekCount;
    private bool isAllKept;

    private SettledTable(SafeFileHandle file, TableMark mark, uint[] starts, ulong[] sums, long memoryBytesMax)
    {
        (this.file, Mark, this.starts, this.sums) = (file, mark, starts, sums);
        kept = mark.EntryCount * EntryBytes <= memoryBytesMax ? new NativeWords(mark.EntryCount) : null;
        isKept = kept is null ? [] : new bool[sums.Length];
    }

    public TableMark Mark { get; }

    public SafeFileHandle File => file;

    private int GroupBits => Mark.GroupBits;

    /// <param name="file">Owned by the table from now on.</param>
    /// <param name="memoryBytesMax">What it may keep in memory; it keeps all or nothing.</param>
    /// <exception cref="CorruptDataException">The file is not what <paramref name="mark"/> says.</exception>
    public static SettledTable Open(SafeFileHandle file, TableMark mark, long memoryBytesMax)
    {
        Corrupt.Unless(mark.GroupBits is >= SettledKey.RegionBits and <= GroupBitsMax, "index table: group bits");
        Corrupt.Unless(mark.EntryCount is > 0 and <= uint.MaxValue, "index table: entry count");
        int groupCount = 1 << mark.GroupBits;
        byte[] directory = new byte[DirectoryBytes(groupCount)];
        LogSums.ReadExactly(file, directory, mark.EntryCount * EntryBytes);
        Corrupt.Unless(HashOf(directory) == mark.DirectoryHash, "index table: directory");
        uint[] starts = MemoryMarshal.Cast<byte, uint>(directory.AsSpan(0, (groupCount + 1) * StartBytes)).ToArray();
        ulong[] sums = MemoryMarshal.Cast<byte, ulong>(directory.AsSpan((groupCount + 1) * StartBytes)).ToArray();
        return new SettledTable(file, mark, starts, sums, memoryBytesMax);
    }

    /// <summary>What stands behind the entries: per group its start, one start more, and per group its sum.</summary>
    public static byte[] DirectoryOf(uint[] starts, ulong[] sums)
    {
        byte[] directory = new byte[DirectoryBytes(sums.Length)];
        MemoryMarshal.AsBytes<uint>(starts).CopyTo(directory);
        MemoryMarshal.AsBytes<ulong>(sums).CopyTo(directory.AsSpan(starts.Length * StartBytes));
        return directory;
    }

    public static Digest HashOf(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[Digest.SizeBytes];
        Blake3Mode.Plain.Hash(bytes, hash);
        return new Digest(hash);
    }

    public static ulong SumOf(ReadOnlySpan<ulong> group)
    {
        Span<byte> hash = stackalloc byte[Digest.SizeBytes];
        Blake3Mode.Plain.Hash(MemoryMarshal.AsBytes(group), hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }

    /// <summary>The words whose tag is that of <paramref name="key"/>, oldest first; valid until the next call.
    /// </summary>
    /// <exception cref="CorruptDataException">The group is not whole.</exception>
    public ReadOnlySpan<ulong> Find(in IndexKey key)
    {
        int group = SettledKey.GroupOf(key.First, GroupBits);
        int count = (int)(starts[group + 1] - starts[group]);
        if (count == 0)
        {
            return [];
        }

        ReadOnlySpan<ulong> words = Group(group, count);
        uint tag = SettledKey.TagOf(key.First);
        int end = SettledKey.Guess(key.First, GroupBits, count);
        while (end < count && SettledKey.TagIn(words[end]) <= tag)
        {
            end++;
        }

        while (end > 0 && SettledKey.TagIn(words[end - 1]) > tag)
        {
            end--;
        }

        int start = end;
        while (start > 0 && SettledKey.TagIn(words[start - 1]) == tag)
        {
            start--;
        }

        return words[start..end];
    }

    /// <summary>Fetches the place where <see cref="Find"/> will begin into the processor's cache.</summary>
    public void Prefetch(in IndexKey key)
    {
        if (isAllKept)
        {
            int group = SettledKey.GroupOf(key.First, GroupBits);
            int count = (int)(starts[group + 1] - starts[group]);
            kept!.Prefetch(starts[group] + SettledKey.Guess(key.First, GroupBits, count));
        }
    }

    /// <summary>Reads a region from the file, and checks it.</summary>
    /// <param name="words">Grown where it is too small.</param>
    /// <returns>How many words there are.</returns>
    /// <exception cref="CorruptDataException">It is not whole.</exception>
    public int ReadRegion(int region, ref ulong[] words)
    {
        int firstGroup = region << (GroupBits - SettledKey.RegionBits);
        int groupCount = 1 << (GroupBits - SettledKey.RegionBits);
        int count = (int)(starts[firstGroup + groupCount] - starts[firstGroup]);
        if (words.Length < count)
        {
            words = new ulong[count + (count / 4)];
        }

        ReadGroups(firstGroup, groupCount, words.AsSpan(0, count));
        return count;
    }

    public void Dispose()
    {
        kept?.Dispose();
        file.Dispose();
    }

    private ReadOnlySpan<ulong> Group(int group, int count)
    {
        if (kept is null)
        {
            scratch = scratch.Length < count ? new ulong[count * 2] : scratch;
            ReadGroups(group, 1, scratch.AsSpan(0, count));
            return scratch.AsSpan(0, count);
        }

        if (!isAllKept && !isKept[group])
        {
            Keep(group, count);
        }

        return kept.Slice(starts[group], count);
    }

    private void Keep(int group, int count)
    {
        if (++seekCount > Mark.EntryCount * EntryBytes / BytesPerSeek)
        {
            KeepAll();
            return;
        }

        ReadGroups(group, 1, kept!.Slice(starts[group], count));
        isKept[group] = true;
    }

    private void KeepAll()
    {
        for (int group = 0; group < sums.Length;)
        {
            int end = group + 1;
            while (end < sums.Length && starts[end + 1] - starts[group] <= ReadBytes / EntryBytes)
            {
                end++;
            }

            ReadGroups(group, end - group, kept!.Slice(starts[group], (int)(starts[end] - starts[group])));
            group = end;
        }

        isAllKept = true;
    }

    private void ReadGroups(int firstGroup, int groupCount, Span<ulong> words)
    {
        LogSums.ReadExactly(file, MemoryMarshal.AsBytes(words), (long)starts[firstGroup] * EntryBytes);
        for (int group = firstGroup; group < firstGroup + groupCount; group++)
        {
            int start = (int)(starts[group] - starts[firstGroup]);
            int end = (int)(starts[group + 1] - starts[firstGroup]);
            Corrupt.Unless(SumOf(words[start..end]) == sums[group], "index table: group");
        }
    }

    private static int DirectoryBytes(int groupCount) =>
        ((groupCount + 1) * StartBytes) + (groupCount * SumBytes);
}
