using HyperVBackup.Repository.Index;
using Xunit;

namespace HyperVBackup.Repository.Tests.Index;

/// <summary>What every index does whose covered sessions count once saved.</summary>
public abstract class KeptIndexContract : ChunkIndexContract
{
    [Fact]
    public async Task A_session_is_covered_once_saved()
    {
        await using IChunkIndex index = Open();
        index.Add(IndexSample.Pack(0), IndexSample.Entries(0, 10));
        index.Cover(IndexSample.Session(0));
        Assert.False(index.Covers(IndexSample.Session(0)));
        await index.SaveAsync(CancellationToken.None);
        Assert.True(index.Covers(IndexSample.Session(0)));
        Assert.False(index.Covers(IndexSample.Session(1)));
    }

    [Fact]
    public async Task A_full_index_still_finds_but_takes_and_covers_nothing_more()
    {
        const int SessionCount = 60;
        const int ChunkCount = 20_000;
        await using IChunkIndex index = Open();
        int session = 0;
        while (index.State == ChunkIndexState.Working && session < SessionCount)
        {
            index.Add(IndexSample.Pack(session), IndexSample.Entries(session, ChunkCount));
            index.Cover(IndexSample.Session(session));
            session++;
        }

        Assert.Equal(ChunkIndexState.Full, index.State);
        long entryCount = index.EntryCount;
        Assert.Equal((session * (long)ChunkCount) - entryCount, index.NotIndexedCount);
        long notIndexedCount = index.NotIndexedCount;
        index.Add(IndexSample.Pack(session), IndexSample.Entries(session, 3));
        Assert.Equal(notIndexedCount + 3, index.NotIndexedCount);
        await index.SaveAsync(CancellationToken.None);
        Assert.Equal(entryCount, index.EntryCount);
        Assert.True(index.Find([IndexSample.Chunk(session, 0)])[0].IsUnknown);
        Assert.False(index.Covers(IndexSample.Session(session - 1)));
        Assert.Equal(IndexSample.Place(0, 3), index.Find([IndexSample.Chunk(0, 3)])[0]);
        index.RequireRight(session, 50);
    }
}
