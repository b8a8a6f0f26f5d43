using System.Buffers.Binary;
using HyperVBackup.Format;
using HyperVBackup.Repository.Index;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace HyperVBackup.Repository.Tests.Index;

public sealed class SettledTableTests : IDisposable
{
    private const int EntryCount = 5000;
    private const ulong Salt = 42;
    private const long Plenty = 1 << 30;
    private readonly StateFolder state = new();
    private int stepCount;

    public void Dispose() => state.Dispose();

    [Theory]
    [InlineData(Plenty)]
    [InlineData(100)] // Nothing may be kept: every look-up reads its group.
    public void Each_entry_is_found_and_no_other(long memoryBytesMax)
    {
        IndexKey[] keys = [.. Enumerable.Range(0, EntryCount).Select(Key)];
        (SafeFileHandle log, TableMark mark) = Settle(keys, old: null, number: 1);
        using (log)
        {
            using SettledTable table = SettledTable.Open(OpenTable(1), mark, memoryBytesMax);
            Assert.Equal(EntryCount, mark.EntryCount);
            for (int entry = 0; entry < EntryCount; entry++)
            {
                uint slot = LogEntry.SlotOf(LogEntry.AddressOf(entry));
                Assert.Equal([SettledKey.Word(keys[entry].First, slot)], table.Find(keys[entry]).ToArray());
                Assert.True(table.Find(Key(entry + EntryCount)).IsEmpty);
            }
        }
    }

    [Fact]
    public void A_settle_tells_after_each_region_that_it_gets_on()
    {
        (SafeFileHandle log, _) = Settle([Key(1), Key(2)], old: null, 1);
        log.Dispose();
        Assert.Equal(SettledKey.RegionCount, stepCount);
    }

    [Fact]
    public void Keys_that_share_all_the_table_knows_are_kept_apart_and_replaced_ones_go()
    {
        IndexKey one = Key(0);
        IndexKey like = new(one.First ^ 1, one.Second); // The same region and tag.
        (SafeFileHandle first, TableMark mark) = Settle([one, like, Key(1)], old: null, number: 1);
        first.Dispose();
        using SettledTable old = SettledTable.Open(OpenTable(1), mark, Plenty);
        Assert.Equal(2, old.Find(one).Length);
        (SafeFileHandle log, TableMark merged) = Settle([one, like, Key(1), like, Key(2), like], old, number: 2);
        using (log)
        {
            using SettledTable table = SettledTable.Open(OpenTable(2), merged, Plenty);
            Assert.Equal(4, merged.EntryCount);
            uint[] slots = [.. table.Find(one).ToArray().Select(SettledKey.SlotIn)];
            Assert.Equal([LogEntry.SlotOf(LogEntry.AddressOf(0)), LogEntry.SlotOf(LogEntry.AddressOf(5))], slots);
        }
    }

    [Fact]
    public void A_table_with_large_groups_is_merged_into_one_with_more_of_them()
    {
        const int ManyCount = 40_000;
        // All in a few regions, so that groups divide them further.
        IndexKey[] keys = [.. Enumerable.Range(0, ManyCount).Select(entry => new IndexKey(Key(entry).First >> 9, 7))];
        (SafeFileHandle first, TableMark mark) = Settle(keys[..1000], old: null, number: 1);
        first.Dispose();
        using SettledTable old = SettledTable.Open(OpenTable(1), mark, Plenty);
        (SafeFileHandle log, TableMark merged) = Settle(keys, old, number: 2, entryCountMin: 1L << 25);
        using (log)
        {
            Assert.True(merged.GroupBits > mark.GroupBits);
            using SettledTable table = SettledTable.Open(OpenTable(2), merged, Plenty);
            Assert.All(keys, key => Assert.Equal(1, table.Find(key).Length));
        }
    }

    [Fact]
    public void A_damaged_group_is_noticed_when_it_is_read_and_when_it_is_merged()
    {
        IndexKey[] keys = [.. Enumerable.Range(0, EntryCount).Select(Key)];
        (SafeFileHandle log, TableMark mark) = Settle(keys, old: null, number: 1);
        log.Dispose();
        string path = TablePath(1);
        byte[] bytes = File.ReadAllBytes(path);
        bytes[8 * 1234] ^= 16;
        File.WriteAllBytes(path, bytes);
        using SettledTable table = SettledTable.Open(OpenTable(1), mark, Plenty);
        Assert.Throws<CorruptDataException>(() => keys.Sum(key => table.Find(key).Length));
        Assert.Throws<CorruptDataException>(() => Settle([.. keys, Key(-1)], table, number: 2));
    }

    [Fact]
    public void An_address_and_the_count_of_entries_before_it_belong_together()
    {
        long last = 0;
        foreach (long index in Enumerable.Range(0, 100_000).Select(index => (long)index))
        {
            long address = LogEntry.AddressOf(index);
            Assert.Equal(index, LogEntry.CountBefore(address));
            Assert.True(address >= last && address % 8 == 0);
            Assert.Equal(
                address / IndexSizes.PageBytes, (address + LogEntry.SizeBytes - 1) / IndexSizes.PageBytes);
            last = address + LogEntry.SizeBytes;
        }
    }

    private static IndexKey Key(int number) => IndexKey.Of(IndexSample.Chunk(5, number));

    private string TablePath(int number) => Path.Join(state.Root, $"table-{number}");

    private SafeFileHandle OpenTable(int number) => File.OpenHandle(TablePath(number));

    /// <summary>Writes a log as FASTER lays it out, and settles what the old table does not have of it.</summary>
    private (SafeFileHandle Log, TableMark Mark) Settle(
        IndexKey[] keys, SettledTable? old, int number, long entryCountMin = 0)
    {
        SafeFileHandle log = File.OpenHandle(
            Path.Join(state.Root, "log"), FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite);
        for (int entry = 0; entry < keys.Length; entry++)
        {
            byte[] bytes = new byte[LogEntry.SizeBytes];
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), keys[entry].First);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), keys[entry].Second);
            StoredPlace place = new(keys[entry], 0, (uint)entry, 1, Salt);
            System.Runtime.InteropServices.MemoryMarshal.Write(bytes.AsSpan(24), place);
            RandomAccess.Write(log, bytes, LogEntry.AddressOf(entry));
        }

        long oldEnd = LogEntry.AddressOf(old?.Mark.EntryCount ?? 0);
        using RegionWords tail = LogTail.Read(log, oldEnd, LogEntry.AddressOf(keys.Length), Salt);
        using SafeFileHandle output = File.OpenHandle(
            TablePath(number), FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite);
        SettledMerge merge = new(log, Salt, () => Interlocked.Increment(ref stepCount));
        return (log, merge.Run(old, tail, output, number, entryCountMin));
    }
}
