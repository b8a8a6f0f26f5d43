using HyperVBackup.Operations.Backup;
using Xunit;

namespace HyperVBackup.Operations.Tests;

/// <summary>The batches of a backup that nobody works on.</summary>
public sealed class FreeBatchesTests
{
    private int madeCount;

    [Fact]
    public async Task The_batch_given_back_last_is_taken_first_and_a_new_one_is_made_only_where_none_is_free()
    {
        using FreeBatches free = new(countMax: 3, Make);
        ChunkBatch one = await free.TakeAsync(default);
        ChunkBatch other = await free.TakeAsync(default);
        Assert.NotSame(one, other);
        free.Give(other);
        free.Give(one);
        Assert.Same(one, await free.TakeAsync(default));
        Assert.Same(other, await free.TakeAsync(default));
        Assert.Equal(2, madeCount);
    }

    [Fact]
    public async Task Who_takes_one_more_than_there_may_be_waits_until_one_is_given_back()
    {
        using FreeBatches free = new(countMax: 1, Make);
        ChunkBatch only = await free.TakeAsync(default);
        ValueTask<ChunkBatch> waiting = free.TakeAsync(default);
        Assert.False(waiting.IsCompleted);
        free.Give(only);
        Assert.Same(only, await waiting);
        Assert.Equal(1, madeCount);
    }

    private ChunkBatch Make()
    {
        madeCount++;
        return new ChunkBatch(chunkSizeBytes: 4096, chunkCountMax: 1);
    }
}
