using HyperVBackup.Format;
using HyperVBackup.Repository.Index;
using Xunit;

namespace HyperVBackup.Repository.Tests.Index;

/// <summary>An index that is made past FASTER is one that FASTER goes on with.</summary>
public sealed class IndexLoadTests : IDisposable
{
    private static readonly RepositoryId Repository = IndexSample.Repository(0);
    private readonly StateFolder state = new();

    public void Dispose() => state.Dispose();

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 1000)]
    [InlineData(1, 26_212)] // fills the first page of the log
    [InlineData(2, 26_213)]
    [InlineData(4, 50_000)]
    public async Task What_was_loaded_is_found_and_added_to(int sessionCount, int chunkCount)
    {
        await LoadAsync(sessionCount, chunkCount, IndexSample.SmallBudgetBytes);
        await using (IChunkIndex index = state.Open(Repository))
        {
            Assert.Equal(sessionCount * (long)chunkCount, index.EntryCount);
            Assert.Equal(sessionCount, index.RequireRight(sessionCount + 1, chunkCount));
            await index.SaveSessionsAsync(sessionCount, 1, chunkCount);
            Assert.Equal(sessionCount + 1, index.RequireRight(sessionCount + 1, chunkCount));
        }

        await using IChunkIndex again = state.Open(Repository);
        Assert.Equal(sessionCount + 1, again.RequireRight(sessionCount + 2, chunkCount));
    }

    [Fact]
    public async Task Of_a_chunk_that_stands_twice_one_place_is_known()
    {
        await ChunkIndexFolder.RebuildAsync(state.Root, Repository, IndexSample.SmallBudgetBytes, load =>
        {
            load.Add(IndexSample.Pack(1), IndexSample.Entries(0, 100));
            load.Add(IndexSample.Pack(0), IndexSample.Entries(0, 100));
            return Task.FromResult<IEnumerable<SessionId>>([IndexSample.Session(0)]);
        });
        await using IChunkIndex index = state.Open(Repository);
        Assert.Equal(1, index.RequireRight(1, 100));
        Assert.Equal(100, index.EntryCount);
    }

    [Fact]
    public async Task What_finds_no_room_is_counted_and_nothing_is_covered()
    {
        using IndexFiles files = IndexFiles.Claim(state.Root, Repository);
        IndexSizes sizes = IndexSample.SmallSizes with { EntryCountMax = 150 };
        using (IndexLoad load = new(files, Repository, sizes))
        {
            load.Add(IndexSample.Pack(0), IndexSample.Entries(0, 100));
            load.Add(IndexSample.Pack(1), IndexSample.Entries(1, 100));
            load.Finish([IndexSample.Session(0)]);
        }

        files.Dispose();
        Assert.Equal(50, ChunkIndexFolder.TryMeasure(state.Root, Repository)!.NotIndexedCount);
        await using IChunkIndex index = state.Open(Repository);
        Assert.Equal(150, index.EntryCount);
        Assert.False(index.Covers(IndexSample.Session(0)));
    }

    [Fact]
    public async Task One_that_was_broken_off_leaves_an_empty_index()
    {
        await LoadAsync(2, 100, IndexSample.SmallBudgetBytes);
        await Assert.ThrowsAsync<TimeZoneNotFoundException>(() => ChunkIndexFolder.RebuildAsync(
            state.Root, Repository, IndexSample.SmallBudgetBytes, load =>
            {
                load.Add(IndexSample.Pack(0), IndexSample.Entries(0, 30_000));
                throw new TimeZoneNotFoundException();
            }));
        await using IChunkIndex index = state.Open(Repository);
        Assert.Equal(0, index.RequireRight(2, 100));
        await index.SaveSessionsAsync(0, 2, 100);
        Assert.Equal(2, index.RequireRight(2, 100));
    }

    [Fact]
    public async Task Packs_added_side_by_side_are_all_found()
    {
        const int PackCount = 300;
        const int ChunkCount = 200;
        await ChunkIndexFolder.RebuildAsync(state.Root, Repository, IndexSample.SmallBudgetBytes, load =>
        {
            Parallel.For(0, PackCount, new ParallelOptions { MaxDegreeOfParallelism = 8 }, session =>
                load.Add(IndexSample.Pack(session), IndexSample.Entries(session, ChunkCount)));
            return Task.FromResult(Enumerable.Range(0, PackCount).Select(IndexSample.Session));
        });
        await using IChunkIndex index = state.Open(Repository);
        Assert.Equal(PackCount * ChunkCount, index.EntryCount);
        Assert.Equal(PackCount, index.RequireRight(PackCount + 1, ChunkCount));
    }

    private Task LoadAsync(int sessionCount, int chunkCount, long budgetBytes) => ChunkIndexFolder.RebuildAsync(
        state.Root, Repository, budgetBytes, load =>
        {
            foreach (int session in Enumerable.Range(0, sessionCount))
            {
                load.Add(IndexSample.Pack(session), IndexSample.Entries(session, chunkCount));
            }

            return Task.FromResult(Enumerable.Range(0, sessionCount).Select(IndexSample.Session));
        });
}
