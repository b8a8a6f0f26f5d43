using HyperVBackup.Hosts;

namespace HyperVBackup.Cli.Hosting;

/// <summary>This host's time.</summary>
/// <param name="token">Ends waiting.</param>
internal sealed class SystemWaiter(TimeProvider clock, CancellationToken token) : IWaiter
{
    public DateTimeOffset Now => clock.GetUtcNow();

    public void Wait(TimeSpan time)
    {
        token.WaitHandle.WaitOne(time);
        token.ThrowIfCancellationRequested();
    }
}
