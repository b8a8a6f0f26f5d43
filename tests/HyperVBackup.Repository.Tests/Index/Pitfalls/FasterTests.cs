using System.Runtime.InteropServices;
using FASTER.core;
using HyperVBackup.Format;
using HyperVBackup.Repository.Index;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace HyperVBackup.Repository.Tests.Index.Pitfalls;

/// <summary>What FASTER itself does that an index must not: if one of these fails, a new version has changed it, and
/// <see cref="PitfallTests"/> says which of our precautions to look at.</summary>
public sealed class FasterTests : IDisposable
{
    private const int ForeignCount = 10;
    private const int KeyCount = 4000; // 24 bytes each: most of them are on the disk
    private readonly StateFolder state = new();

    public void Dispose() => state.Dispose();

    [Fact]
    public unsafe void Two_gibibytes_are_not_written_and_no_exception_says_so()
    {
        string path = Path.Join(state.Root, "large");
        using IDevice device = Devices.CreateLogDevice(path);
        device.Initialize(-1);
        void* bytes = NativeMemory.Alloc((nuint)2 << 30); // never touched, so it takes no memory
        uint written = 0;
        uint said = 0;
        device.WriteAsync((IntPtr)bytes, 0, 0, 2U << 30, (error, count, _) => (said, written) = (error, count), this);
        NativeMemory.Free(bytes);
        Assert.NotEqual(0U, said); // to a callback that only writes a line to a log
        Assert.True(!File.Exists(path + ".0") || new FileInfo(path + ".0").Length == 0, $"{written} bytes");
    }

    [Theory]
    [InlineData("deleted")]
    [InlineData("zeroed")]
    public void A_log_that_is_gone_is_read_as_if_nothing_had_been_in_it(string damage)
    {
        using RawStore raw = new(state.Root);
        raw.Add(0, KeyCount);
        Assert.Equal(KeyCount, raw.CountFound(KeyCount));
        raw.Store.Log.FlushAndEvict(wait: true);
        foreach (string path in Directory.GetFiles(state.Root, "hlog.log*"))
        {
            using FileStream file = new(
                path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            long lengthBytes = file.Length;
            file.SetLength(0);
            file.SetLength(damage == "zeroed" ? lengthBytes : 0);
        }

        Assert.InRange(raw.CountFound(KeyCount), 0, KeyCount / 2);
    }

    [Fact]
    public async Task A_disk_that_takes_nothing_more_makes_it_wait_for_ever()
    {
        using System.Diagnostics.Process child = FullDiskChild.Start();
        Assert.Equal("adding", await child.StandardOutput.ReadLineAsync());
        Task<string?> next = child.StandardOutput.ReadLineAsync();
        Task first = await Task.WhenAny(next, Task.Delay(FullDiskChild.Patience));
        child.Kill();
        await child.WaitForExitAsync();
        Assert.NotSame(next, first);
    }

    [Fact]
    public async Task A_half_deleted_checkpoint_is_recovered_in_place_of_a_good_one()
    {
        Guid old;
        using (RawStore raw = new(state.Root))
        {
            raw.Add(0, KeyCount / 2);
            (_, old) = await raw.Store.TakeFullCheckpointAsync(CheckpointType.Snapshot);
            raw.Add(KeyCount / 2, KeyCount / 2);
            await raw.Store.TakeFullCheckpointAsync(CheckpointType.Snapshot);
        }

        string folder = Directory.GetDirectories(state.Root, old.ToString(), SearchOption.AllDirectories)
            .Single(path => path.Contains("cpr", StringComparison.Ordinal));
        foreach (string path in Directory.GetFiles(folder, "snapshot*"))
        {
            File.Delete(path); // as a removal of outdated checkpoints does that is killed
        }

        // Deleting made the folder the newest; file systems whose clock is coarse may call both as new.
        Directory.SetLastWriteTimeUtc(folder, Directory.GetLastWriteTimeUtc(folder).AddSeconds(1));
        using RawStore again = new(state.Root);
        Exception? said = Record.Exception(again.Recover);
        Assert.Null(said);
        Assert.InRange(again.CountFound(KeyCount), 0, KeyCount - 1);
    }

    [Fact]
    public async Task An_incremental_snapshot_says_the_cookie_of_an_older_one()
    {
        using (RawStore raw = new(state.Root))
        {
            raw.Add(0, 100);
            raw.Store.CommitCookie = [1];
            await raw.Store.TakeHybridLogCheckpointAsync(CheckpointType.Snapshot, tryIncremental: false);
            raw.Add(0, 50);
            raw.Store.CommitCookie = [2];
            await raw.Store.TakeHybridLogCheckpointAsync(CheckpointType.Snapshot, tryIncremental: true);
        }

        using RawStore again = new(state.Root);
        again.Recover();
        Assert.NotEqual([2], again.Store.RecoveredCommitCookie);
    }

    [Fact]
    public void Two_open_one_log_and_neither_hears_of_it()
    {
        using RawStore one = new(state.Root);
        one.Add(0, KeyCount);
        using RawStore other = new(state.Root);
        other.Add(0, 10);
        Assert.Equal(10, other.CountFound(KeyCount));
    }

    [Fact]
    public void The_size_of_the_hash_table_is_no_limit()
    {
        using RawStore raw = new(state.Root);
        const int Count = 100_000; // of which a table of 64 KiB names 7168
        raw.Add(0, Count);
        Assert.Equal(Count, raw.Store.Log.TailAddress / 24, tolerance: Count / 50);
        Assert.InRange(raw.Store.EntryCount, 7169, Count);
    }

    [Fact]
    public void Its_defaults_take_sixteen_gibibytes()
    {
        using FasterKVSettings<long, long> settings = new();
        Assert.Equal(16L << 30, settings.MemorySize);
        Assert.True(settings.RemoveOutdatedCheckpoints);
        Assert.Equal(ConcurrencyControlMode.LockTable, settings.ConcurrencyControlMode);
    }

    [Fact]
    public async Task A_checkpoint_waits_for_whoever_is_inside_an_operation()
    {
        using RawStore raw = new(state.Root);
        raw.Add(0, 10);
        using ManualResetEventSlim isInside = new();
        using ManualResetEventSlim mayLeave = new();
        Thread other = new(() =>
        {
            using var session = raw.Store.NewSession(new SimpleFunctions<long, long>());
            var context = session.UnsafeContext;
            context.BeginUnsafe();
            isInside.Set();
            mayLeave.Wait();
            context.EndUnsafe();
        });
        other.Start();
        isInside.Wait();
        Task checkpoint = Task.Run(
            () => raw.Store.TakeHybridLogCheckpointAsync(CheckpointType.FoldOver).AsTask());
        Task first = await Task.WhenAny(checkpoint, Task.Delay(FullDiskChild.Patience));
        mayLeave.Set();
        other.Join();
        await checkpoint;
        Assert.NotSame(checkpoint, first);
    }

    /// <summary>A recovery walks the page in which its entries begin from the page's start, to take off locks, and gets
    /// out of step on entries whose headers are zero: then it changes the keys of those that follow.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)] // as an index has it
    public void What_lies_before_its_entries_in_their_page_costs_entries(bool isHidden)
    {
        const int OwnCount = 200;
        long beginBytes = LogEntry.AddressOf(ForeignCount);
        string path = Path.Join(state.Root, "log");
        using (SafeFileHandle file = File.OpenHandle(
            path, FileMode.CreateNew, FileAccess.ReadWrite))
        {
            LogEntry.Write(file, LogMark.FirstEntryBytes, Foreign());
        }

        LogMark mark = IndexStore.MarkAt(beginBytes);
        using (LogDevice device = OpenDevice(path, mark.EndBytes, isHidden ? beginBytes : 0))
        using (IndexStore store = new(device, IndexSample.SmallSizes, mark))
        {
            foreach (IndexEntry entry in IndexSample.Entries(1, OwnCount))
            {
                IndexKey key = IndexKey.Of(entry.Id);
                store.Upsert(key, new StoredPlace(key, 0, entry.OffsetBytes, entry.LengthBytes, salt: 0));
            }

            Assert.Equal(OwnCount, CountFound(store, OwnCount));
            mark = store.Checkpoint();
        }

        using LogDevice again = OpenDevice(path, mark.EndBytes, isHidden ? beginBytes : 0);
        using IndexStore recovered = new(again, IndexSample.SmallSizes, mark);
        Assert.Equal(isHidden, CountFound(recovered, OwnCount) == OwnCount);
    }

    private static LogEntry[] Foreign() =>
        [.. IndexSample.Entries(0, ForeignCount).Select(entry => new LogEntry(entry, packOrdinal: 0, salt: 0))];

    private static LogDevice OpenDevice(string path, long savedBytes, long beginBytes) => new(
        File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite), path, savedBytes, beginBytes);

    private static int CountFound(IndexStore store, int count)
    {
        int found = 0;
        foreach (ChunkId[] ids in IndexSample.Chunks(1, count).Chunk(100))
        {
            foreach (StoredPlace place in store.Find(ids))
            {
                found += place.IsNone ? 0 : 1;
            }
        }

        return found;
    }
}
