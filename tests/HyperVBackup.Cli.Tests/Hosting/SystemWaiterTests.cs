using HyperVBackup.Cli.Hosting;
using HyperVBackup.Hosts;
using HyperVBackup.Testing.Clocks;
using Xunit;

namespace HyperVBackup.Cli.Tests.Hosting;

public sealed class SystemWaiterTests
{
    [Fact]
    public void An_interruption_ends_waiting_at_once_and_that_of_taking_things_away_a_while_later()
    {
        ManualClock clock = new();
        using CancellationTokenSource interruption = new();
        SystemWaiter waiter = new(clock, interruption.Token);
        IWaiter cleanUp = waiter.ForCleanUp();
        clock.Advance(TimeSpan.FromMinutes(10));
        waiter.Wait(TimeSpan.Zero);
        cleanUp.Wait(TimeSpan.Zero);

        interruption.Cancel();

        Assert.Throws<OperationCanceledException>(() => waiter.Wait(TimeSpan.FromDays(1)));
        clock.Advance(SystemWaiter.CleanUpPatience - TimeSpan.FromSeconds(1));
        cleanUp.Wait(TimeSpan.Zero);
        waiter.ForCleanUp().Wait(TimeSpan.Zero);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Throws<OperationCanceledException>(() => cleanUp.Wait(TimeSpan.Zero));
        Assert.Throws<OperationCanceledException>(() => waiter.ForCleanUp().Wait(TimeSpan.Zero));
    }
}
