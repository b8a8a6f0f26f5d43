using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Index;
using Xunit;

namespace HyperVBackup.Repository.Tests.Index;

/// <summary>What every index does.</summary>
public abstract class ChunkIndexContract
{
    private const int ChunkCount = 1000;

    internal abstract IChunkIndex Open();

    [Fact]
    public async Task Added_chunks_are_found_and_others_are_not()
    {
        await using IChunkIndex index = Open();
        index.Add(IndexSample.Pack(0), IndexSample.Entries(0, ChunkCount));
        index.Add(IndexSample.Pack(1), IndexSample.Entries(1, ChunkCount));
        ChunkId[] ids =
        [
            .. IndexSample.Chunks(0, ChunkCount), .. IndexSample.Chunks(2, ChunkCount), IndexSample.Chunk(1, 5),
        ];
        RecordPlace[] places = index.Find(ids);
        Assert.All(Enumerable.Range(0, ChunkCount), chunk => Assert.Equal(IndexSample.Place(0, chunk), places[chunk]));
        Assert.All(places.Skip(ChunkCount).Take(ChunkCount), place => Assert.True(place.IsUnknown));
        Assert.Equal(IndexSample.Place(1, 5), places[^1]);
        Assert.Equal(2 * ChunkCount, index.EntryCount);
        Assert.Equal(ChunkIndexState.Working, index.State);
    }

    [Fact]
    public async Task An_empty_index_and_an_empty_batch_find_nothing()
    {
        await using IChunkIndex index = Open();
        Assert.Empty(index.Find([]));
        Assert.True(index.Find([IndexSample.Chunk(0, 0)])[0].IsUnknown);
        Assert.Equal(0, index.EntryCount);
        await index.SaveAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_newer_place_replaces_an_older_one()
    {
        await using IChunkIndex index = Open();
        index.Add(IndexSample.Pack(0), IndexSample.Entries(0, ChunkCount));
        await index.SaveAsync(CancellationToken.None);
        index.Add(IndexSample.Pack(1), [new IndexEntry(IndexSample.Chunk(0, 7), 77, 78)]);
        index.Add(IndexSample.Pack(2), [new IndexEntry(IndexSample.Chunk(0, 7), 87, 88)]);
        RecordPlace[] places = index.Find([IndexSample.Chunk(0, 7), IndexSample.Chunk(0, 8)]);
        Assert.Equal(new RecordPlace(IndexSample.Pack(2), 87, 88), places[0]);
        Assert.Equal(IndexSample.Place(0, 8), places[1]);
    }

    [Fact]
    public async Task Zero_chunks_and_entries_without_length_are_passed_over()
    {
        await using IChunkIndex index = Open();
        index.Add(IndexSample.Pack(0), [new IndexEntry(default, 1, 2), new IndexEntry(IndexSample.Chunk(0, 0), 1, 0)]);
        Assert.All(index.Find([default, IndexSample.Chunk(0, 0)]), place => Assert.True(place.IsUnknown));
        Assert.Equal(0, index.EntryCount);
    }

    [Fact]
    public async Task Packs_of_maps_and_lengths_that_differ_are_refused()
    {
        await using IChunkIndex index = Open();
        PackName maps = new(PackKind.Maps, IndexSample.Session(0), 0);
        Assert.Throws<ArgumentException>(() => index.Add(maps, []));
        Assert.ThrowsAny<ArgumentException>(() => index.Find(IndexSample.Chunks(0, 2), new RecordPlace[1]));
    }

    [Fact]
    public async Task Stale_answers_are_cleared_from_the_batch()
    {
        await using IChunkIndex index = Open();
        RecordPlace[] places = [IndexSample.Place(0, 0)];
        index.Find([IndexSample.Chunk(0, 0)], places);
        Assert.True(places[0].IsUnknown);
    }

    [Fact]
    public async Task A_cancelled_save_says_so()
    {
        await using IChunkIndex index = Open();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await index.SaveAsync(new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task Threads_may_look_up_while_another_adds()
    {
        await using IChunkIndex index = Open();
        Task adding = Task.Run(() =>
        {
            foreach (int session in Enumerable.Range(0, 20))
            {
                index.Add(IndexSample.Pack(session), IndexSample.Entries(session, 200));
            }
        });
        Task looking = Task.Run(() =>
        {
            while (!adding.IsCompleted)
            {
                index.RequireRight(20, 200);
            }
        });
        await Task.WhenAll(adding, looking);
        Assert.All(Enumerable.Range(0, 20), session => Assert.Equal(
            IndexSample.Place(session, 199), index.Find([IndexSample.Chunk(session, 199)])[0]));
    }
}
