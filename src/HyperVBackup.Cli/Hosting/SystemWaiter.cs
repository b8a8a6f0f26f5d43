using HyperVBackup.Hosts;

namespace HyperVBackup.Cli.Hosting;

/// <summary>This host's time. Cancelling ends waiting, and that of taking things away a while later.</summary>
internal sealed class SystemWaiter : IWaiter
{
    /// <summary>How long after cancelling what must not stay may still be taken away: less than the process has.
    /// </summary>
    public static readonly TimeSpan CleanUpPatience = TimeSpan.FromSeconds(20);

    private readonly TimeProvider clock;
    private readonly CancellationToken token;
    private long cancelledAt;

    /// <param name="token">Ends waiting.</param>
    public SystemWaiter(TimeProvider clock, CancellationToken token)
    {
        (this.clock, this.token) = (clock, token);
        token.Register(() => Volatile.Write(ref cancelledAt, clock.GetTimestamp()));
    }

    public DateTimeOffset Now => clock.GetUtcNow();

    public void Wait(TimeSpan time)
    {
        token.WaitHandle.WaitOne(time);
        token.ThrowIfCancellationRequested();
    }

    public IWaiter ForCleanUp() => new CleanUp(this);

    private sealed class CleanUp(SystemWaiter waiter) : IWaiter
    {
        public DateTimeOffset Now => waiter.Now;

        public void Wait(TimeSpan time)
        {
            using ManualResetEventSlim never = new();
            never.Wait(time, CancellationToken.None);
            long cancelledAt = Volatile.Read(ref waiter.cancelledAt);
            if (cancelledAt != 0 && waiter.clock.GetElapsedTime(cancelledAt) >= CleanUpPatience)
            {
                throw new OperationCanceledException(waiter.token);
            }
        }

        public IWaiter ForCleanUp() => this;
    }
}
