using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Index;
using Xunit;

namespace HyperVBackup.Repository.Tests.Index;

public sealed class FasterChunkIndexTests : KeptIndexContract, IDisposable
{
    private const int ChunkCount = 1000;
    private static readonly RepositoryId Repository = IndexSample.Repository(0);
    private readonly StateFolder state = new();

    internal override IChunkIndex Open() => state.Open(Repository);

    public void Dispose() => state.Dispose();

    [Fact]
    public async Task What_was_saved_is_found_by_the_next_opening_and_the_rest_is_not()
    {
        await using (IChunkIndex index = Open())
        {
            await index.SaveSessionsAsync(0, 3, ChunkCount);
            index.Add(IndexSample.Pack(3), IndexSample.Entries(3, ChunkCount));
            index.Cover(IndexSample.Session(3));
        }

        await using IChunkIndex again = Open();
        Assert.Equal(3, again.RequireRight(4, ChunkCount));
        Assert.Equal(3 * ChunkCount, again.EntryCount);
        Assert.All(again.Find(IndexSample.Chunks(3, ChunkCount)), place => Assert.True(place.IsUnknown));
    }

    [Fact]
    public async Task Sessions_without_chunks_are_covered_too()
    {
        await using (IChunkIndex index = Open())
        {
            await index.SaveSessionsAsync(0, 2, 0);
        }

        await using IChunkIndex again = Open();
        Assert.Equal(2, again.RequireRight(2, 0));
        await again.SaveSessionsAsync(2, 1, 10);
        Assert.Equal(3, again.RequireRight(3, 0));
    }

    [Fact]
    public async Task Many_openings_and_saves_leave_two_files_and_the_lock()
    {
        foreach (int session in Enumerable.Range(0, 12))
        {
            await using IChunkIndex index = Open();
            Assert.Equal(session, index.RequireRight(session, 37));
            await index.SaveSessionsAsync(session, 1, 37);
        }

        string[] entries = Directory.GetFileSystemEntries(state.FolderOf(Repository));
        string[] names = [.. entries.Select(Path.GetFileName).Order()!];
        Assert.Equal(["lock", "log", "manifest"], names);
    }

    [Fact]
    public async Task Saved_bytes_of_the_log_are_never_written_again()
    {
        byte[] saved;
        await using (IChunkIndex index = Open())
        {
            await index.SaveSessionsAsync(0, 1, 101);
            saved = ReadShared(state.LogOf(Repository))[..(64 + (101 * LogEntry.SizeBytes))];
            index.Add(IndexSample.Pack(1), IndexSample.Entries(0, 101)); // Replaces all, which marks old entries.
            await index.SaveSessionsAsync(2, 1, 33);
        }

        await using (IChunkIndex index = Open())
        {
            await index.SaveSessionsAsync(3, 1, 20_000);
        }

        Assert.Equal(saved, ReadShared(state.LogOf(Repository))[..saved.Length]);
    }

    [Fact]
    public async Task A_crash_after_the_log_grew_leaves_the_save_before()
    {
        byte[] manifest;
        await using (IChunkIndex index = Open())
        {
            await index.SaveSessionsAsync(0, 2, 77);
            manifest = File.ReadAllBytes(state.ManifestOf(Repository));
            await index.SaveSessionsAsync(2, 2, 5000);
        }

        File.WriteAllBytes(state.ManifestOf(Repository), manifest);
        await using (IChunkIndex again = Open())
        {
            Assert.Equal(2, again.RequireRight(4, 77));
            await again.SaveSessionsAsync(4, 1, 3000);
        }

        await using IChunkIndex last = Open();
        Assert.Equal(3, last.RequireRight(5, 77));
        Assert.True(last.Covers(IndexSample.Session(4)));
    }

    [Fact]
    public async Task Spilling_to_the_disk_and_settling_keep_every_entry()
    {
        const int SessionCount = 30;
        const int SessionChunkCount = 10_000; // 300,000 entries, of which 114,688 are the most FASTER keeps.
        await using (IChunkIndex index = Open())
        {
            await index.SaveSessionsAsync(0, SessionCount, SessionChunkCount);
            Assert.Equal(SessionCount, index.RequireRight(SessionCount + 1, SessionChunkCount));
            Assert.Equal(ChunkIndexState.Working, index.State);
        }

        await using IChunkIndex again = Open();
        Assert.Equal(SessionCount * SessionChunkCount, again.EntryCount);
        Assert.Equal(SessionCount, again.RequireRight(SessionCount + 1, SessionChunkCount));
    }

    [Fact]
    public async Task An_index_abandoned_for_a_hang_finds_nothing_and_is_discarded()
    {
        Watchdog watchdog = new(TimeSpan.FromSeconds(30));
        await using (IChunkIndex index = ChunkIndexFolder.Open(
            state.Root, Repository, IndexSample.SmallBudgetBytes, watchdog))
        {
            await index.SaveSessionsAsync(0, 1, 10);
        }

        Watchdog impatient = new(TimeSpan.Zero);
        using IndexFiles files = IndexFiles.Claim(state.Root, Repository);
        IndexManifest saved = IndexManifest.Read(files.ManifestPath, Repository);
        LogDevice device = new(
            File.OpenHandle(files.LogPath, FileMode.Open, FileAccess.ReadWrite), files.LogPath, saved.Mark.EndBytes,
            saved.SettledEndBytes);
        await using (FasterChunkIndex index = new(files, impatient, device, saved, IndexSample.SmallSizes))
        {
            Assert.Equal(1, index.RequireRight(1, 10));
            await OccupyAsync(impatient, () => Assert.True(index.Find([IndexSample.Chunk(0, 0)])[0].IsUnknown));
            Assert.Equal(ChunkIndexState.Abandoned, index.State);
            Assert.IsType<TimeoutException>(index.Cause);
            Assert.False(index.Covers(IndexSample.Session(0)));
            await index.SaveSessionsAsync(1, 1, 10);
            Assert.True(index.Find([IndexSample.Chunk(1, 0)])[0].IsUnknown);
        }

        await using IChunkIndex again = Open();
        Assert.Equal(0, again.RequireRight(2, 10));
        Assert.Equal(ChunkIndexState.Working, again.State);
    }

    [Fact]
    public async Task Opening_reads_no_settled_entries_and_a_damaged_one_is_noticed_when_asked_for()
    {
        const int SettledCount = 200_000; // so many that their table is not read whole at once
        await using (IChunkIndex index = state.OpenSettling(Repository, saveCount: 1000, addCount: 300_000))
        {
            await index.SaveSessionsAsync(0, 1, SettledCount);
        }

        ChunkId damaged = IndexSample.Chunk(0, 1234);
        string table = Path.Join(state.FolderOf(Repository), "table-1");
        byte[] words = File.ReadAllBytes(table);
        uint slot = LogEntry.SlotOf(LogEntry.AddressOf(1234));
        byte[] word = BitConverter.GetBytes(SettledKey.Word(IndexKey.Of(damaged).First, slot));
        words[words.AsSpan().IndexOf(word)] ^= 1;
        File.WriteAllBytes(table, words);
        await using (IChunkIndex index = Open())
        {
            Assert.True(index.Covers(IndexSample.Session(0)));
            Assert.Equal(IndexSample.Place(0, 1), index.Find([IndexSample.Chunk(0, 1)])[0]);
            Assert.True(index.Find([damaged])[0].IsUnknown);
            Assert.Equal(ChunkIndexState.Abandoned, index.State);
            Assert.False(index.Covers(IndexSample.Session(0)));
        }

        await using IChunkIndex again = Open();
        Assert.Equal((ChunkIndexState.Working, 0), (again.State, again.EntryCount));
    }

    [Fact]
    public async Task Look_ups_allocate_nothing_per_chunk()
    {
        await using IChunkIndex index = state.OpenSettling(Repository, saveCount: 500, addCount: 100_000);
        await index.SaveSessionsAsync(0, 1, ChunkCount);
        await index.SaveSessionsAsync(1, 1, 100);
        ChunkId[] ids =
        [
            .. IndexSample.Chunks(0, ChunkCount), .. IndexSample.Chunks(1, ChunkCount),
        ];
        RecordPlace[] places = new RecordPlace[ids.Length];
        long allocatedBytes = long.MaxValue;
        for (int attempt = 0; attempt < 20 && allocatedBytes > ids.Length; attempt++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            index.Find(ids, places);
            allocatedBytes = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.InRange(allocatedBytes, 0, ids.Length); // not one object for each
        Assert.Equal(ChunkCount + 100, places.Count(place => !place.IsUnknown));
    }

    [Fact]
    public async Task Rebuild_starts_empty_and_needs_the_lock()
    {
        await using (IChunkIndex index = Open())
        {
            await index.SaveSessionsAsync(0, 1, 10);
            await Assert.ThrowsAsync<Storage.StoreException>(RebuildEmptyAsync);
        }

        await RebuildEmptyAsync();
        await using IChunkIndex rebuilt = Open();
        Assert.Equal(0, rebuilt.RequireRight(1, 10));
        Assert.Equal(0, rebuilt.EntryCount);
    }

    [Fact]
    public async Task Where_the_folder_cannot_be_used_the_index_lives_in_memory()
    {
        string file = Path.Join(state.Root, "file");
        File.WriteAllText(file, "no folder");
        await using IChunkIndex index = ChunkIndexFolder.Open(file, Repository, IndexSample.SmallBudgetBytes);
        Assert.IsType<MemoryChunkIndex>(index);
        await index.SaveSessionsAsync(0, 1, 10);
        Assert.Equal(1, index.RequireRight(1, 10));
    }

    private Task RebuildEmptyAsync() => ChunkIndexFolder.RebuildAsync(
        state.Root, Repository, IndexSample.SmallBudgetBytes, _ => Task.FromResult<IEnumerable<SessionId>>([]));

    private static async Task OccupyAsync(Watchdog watchdog, Action meanwhile)
    {
        using ManualResetEventSlim isInside = new();
        using ManualResetEventSlim mayLeave = new();
        Thread occupant = new(() =>
        {
            Assert.True(watchdog.TryEnter());
            isInside.Set();
            mayLeave.Wait();
            watchdog.Exit();
        });
        occupant.Start();
        isInside.Wait();
        meanwhile();
        mayLeave.Set();
        occupant.Join();
        await Task.CompletedTask;
    }

    private static byte[] ReadShared(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }
}
