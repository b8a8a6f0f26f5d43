using HyperVBackup.Format;
using HyperVBackup.Repository.Index;
using Xunit;

namespace HyperVBackup.Repository.Tests.Index;

public sealed class ChunkIndexViewTests : ChunkIndexContract, IDisposable
{
    private static readonly RepositoryId Repository = IndexSample.Repository(0);
    private readonly StateFolder state = new();
    private IChunkIndex? owner;

    internal override IChunkIndex Open()
    {
        if (owner is null)
        {
            owner = state.Open(Repository);
            owner.Cover(IndexSample.Session(1000));
            owner.SaveAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
        }

        IChunkIndex view = state.Open(Repository);
        Assert.IsType<ChunkIndexView>(view);
        return view;
    }

    public void Dispose()
    {
        owner?.DisposeAsync().AsTask().GetAwaiter().GetResult();
        state.Dispose();
    }

    [Fact]
    public async Task A_second_opening_sees_the_last_save_and_keeps_its_additions_to_itself()
    {
        await using (IChunkIndex first = state.Open(Repository))
        {
            await first.SaveSessionsAsync(0, 2, 500);
            first.Add(IndexSample.Pack(2), IndexSample.Entries(2, 500));
            await using (IChunkIndex second = state.Open(Repository))
            {
                Assert.Equal(2, second.RequireRight(3, 500));
                Assert.True(second.Find([IndexSample.Chunk(2, 0)])[0].IsUnknown);
                await second.SaveSessionsAsync(3, 1, 500);
                Assert.Equal(IndexSample.Place(3, 4), second.Find([IndexSample.Chunk(3, 4)])[0]);
                Assert.False(second.Covers(IndexSample.Session(3)));
                await first.SaveSessionsAsync(4, 1, 40_000);
                Assert.Equal(2, second.RequireRight(5, 500));
            }

            Assert.Equal(3, first.RequireRight(5, 500));
            Assert.True(first.Find([IndexSample.Chunk(3, 4)])[0].IsUnknown);
        }

        await using IChunkIndex third = state.Open(Repository);
        Assert.Equal(3, third.RequireRight(5, 500));
    }

    [Fact]
    public async Task A_view_replaces_saved_places_by_its_own()
    {
        await using IChunkIndex first = state.Open(Repository);
        await first.SaveSessionsAsync(0, 1, 10);
        await using IChunkIndex second = state.Open(Repository);
        second.Add(IndexSample.Pack(9), [new IndexEntry(IndexSample.Chunk(0, 3), 5, 6)]);
        Assert.Equal(IndexSample.Pack(9), second.Find([IndexSample.Chunk(0, 3)])[0].Pack);
        Assert.Equal(IndexSample.Place(0, 3), first.Find([IndexSample.Chunk(0, 3)])[0]);
    }

    [Fact]
    public async Task Beside_an_index_that_was_never_saved_a_second_one_lives_in_memory()
    {
        await using IChunkIndex first = state.Open(Repository);
        await using IChunkIndex second = state.Open(Repository);
        Assert.IsType<MemoryChunkIndex>(second);
    }

    [Fact]
    public async Task A_damaged_save_gives_a_second_opening_nothing_and_is_not_touched_by_it()
    {
        await using IChunkIndex first = state.Open(Repository);
        await first.SaveSessionsAsync(0, 1, 10);
        byte[] bytes = File.ReadAllBytes(state.ManifestOf(Repository));
        bytes[40] ^= 1;
        File.WriteAllBytes(state.ManifestOf(Repository), bytes);
        await using IChunkIndex second = state.Open(Repository);
        Assert.Equal(0, second.RequireRight(1, 10));
        Assert.Equal(bytes, File.ReadAllBytes(state.ManifestOf(Repository)));
    }
}
