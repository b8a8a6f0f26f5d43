namespace HyperVBackup.Repository.Tests.Maintenance.Collect;

/// <summary>A clock on which waiting takes no time: whoever waits is told at once, and the clock is that much further.
/// </summary>
internal sealed class QuickClock(TimeSpan passed = default) : TimeProvider
{
    private long ticks = passed.Ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public TimeSpan Passed => new(Interlocked.Read(ref ticks));

    public override long GetTimestamp() => Interlocked.Read(ref ticks);

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + Passed;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (period == Timeout.InfiniteTimeSpan && dueTime >= TimeSpan.Zero)
        {
            Interlocked.Add(ref ticks, dueTime.Ticks);
            ThreadPool.QueueUserWorkItem(_ => callback(state));
        }

        return new Done();
    }

    private sealed class Done : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
