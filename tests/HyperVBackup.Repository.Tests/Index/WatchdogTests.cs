using HyperVBackup.Repository.Index;
using Xunit;

namespace HyperVBackup.Repository.Tests.Index;

/// <summary>Who waits is patient with what gets on, and gives up what does not.</summary>
public sealed class WatchdogTests : IDisposable
{
    private const int LookCount = 5;
    private readonly ManualResetEventSlim isDone = new();
    private Watchdog watchdog = null!;
    private int looks;

    public void Dispose() => isDone.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_takes_long_is_waited_for_as_long_as_it_gets_on(bool isAsync)
    {
        watchdog = new Watchdog(TimeSpan.FromMilliseconds(1), Look);
        Assert.Null(isAsync ? await watchdog.RunApartAsync(isDone.Wait) : watchdog.RunApart(isDone.Wait));
        Assert.InRange(looks, LookCount, int.MaxValue);
    }

    [Fact]
    public async Task Who_waits_behind_it_waits_too()
    {
        watchdog = new Watchdog(TimeSpan.FromMilliseconds(1), Look);
        using ManualResetEventSlim isInside = new();
        Task<Exception?> inside = Task.Run(() => watchdog.RunApart(() =>
        {
            isInside.Set();
            isDone.Wait();
        }));
        isInside.Wait();
        Assert.True(watchdog.TryEnter());
        watchdog.Exit();
        Assert.Null(await inside);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_got_on_and_then_stands_still_is_given_up(bool isAsync)
    {
        watchdog = new Watchdog(TimeSpan.FromMilliseconds(1), () =>
        {
            if (++looks < LookCount)
            {
                watchdog.NoteStep();
            }
        });
        Assert.IsType<TimeoutException>(
            isAsync ? await watchdog.RunApartAsync(isDone.Wait) : watchdog.RunApart(isDone.Wait));
        Assert.Equal(LookCount, looks);
        isDone.Set();
    }

    /// <summary>The work inside gets on until it is done, some looks later.</summary>
    private void Look()
    {
        watchdog.NoteStep();
        if (Interlocked.Increment(ref looks) >= LookCount)
        {
            isDone.Set();
        }
    }
}
