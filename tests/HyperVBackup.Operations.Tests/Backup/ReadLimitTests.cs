using HyperVBackup.Operations.Backup;
using HyperVBackup.Testing.Clocks;
using Xunit;

namespace HyperVBackup.Operations.Tests.Backup;

/// <summary>A limit bounds what is read by any time.</summary>
public sealed class ReadLimitTests
{
    private readonly ManualClock clock = new();

    [Fact]
    public void No_more_is_taken_than_the_rate_allows_and_one_piece()
    {
        ReadLimit limit = new(clock, 1000);
        Assert.True(Take(limit, 500).IsCompletedSuccessfully);
        Task second = Take(limit, 2000);
        Task third = Take(limit, 1);
        clock.Advance(TimeSpan.FromMilliseconds(499));
        Assert.False(second.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(second.IsCompletedSuccessfully);
        clock.Advance(TimeSpan.FromMilliseconds(1999));
        Assert.False(third.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(third.IsCompletedSuccessfully);
    }

    [Fact]
    public void Time_without_reading_is_not_made_up_for()
    {
        ReadLimit limit = new(clock, 1000);
        clock.Advance(TimeSpan.FromHours(1));
        Assert.True(Take(limit, 1000).IsCompletedSuccessfully);
        Assert.False(Take(limit, 1).IsCompleted);
    }

    [Fact]
    public async Task Waiting_can_be_cancelled_and_without_a_limit_there_is_none()
    {
        using CancellationTokenSource cancelling = new();
        ReadLimit limit = new(clock, 1);
        await limit.TakeAsync(1000, cancelling.Token);
        Task waiting = limit.TakeAsync(1, cancelling.Token).AsTask();
        await cancelling.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);

        ReadLimit none = new(clock, null);
        Assert.True(Take(none, long.MaxValue).IsCompletedSuccessfully);
        Assert.True(Take(none, long.MaxValue).IsCompletedSuccessfully);
        Assert.Equal(0, clock.TimerCount);
    }

    private static Task Take(ReadLimit limit, long bytes) => limit.TakeAsync(bytes, CancellationToken.None).AsTask();
}
