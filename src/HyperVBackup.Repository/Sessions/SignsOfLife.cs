using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Sessions;

/// <summary>Puts a session's signs of life while it is at work, each in the place of the one before. What fails is
/// passed over: the next sign says the same.</summary>
internal sealed class SignsOfLife : IAsyncDisposable
{
    private readonly SignFiles files;
    private readonly SessionId session;
    private readonly TimeProvider clock;
    private readonly ITimer timer;
    private readonly Lock gate = new();
    private Task last = Task.CompletedTask;
    private long counter;
    private bool isEnded;

    public SignsOfLife(SignFiles files, SessionId session, TimeProvider clock)
    {
        (this.files, this.session, this.clock) = (files, session, clock);
        timer = clock.CreateTimer(
            _ => Begin(), null, SessionLimits.SignOfLifeInterval, SessionLimits.SignOfLifeInterval);
    }

    /// <summary>Ends the signs and takes the last one away.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            isEnded = true;
        }

        await timer.DisposeAsync();
        await last;
        await DeleteAsync(counter);
    }

    /// <summary>One at a time: while a slow store still takes one, the next is left out.</summary>
    private void Begin()
    {
        lock (gate)
        {
            if (!isEnded && last.IsCompleted)
            {
                last = GiveAsync();
            }
        }
    }

    private async Task GiveAsync()
    {
        try
        {
            await files.PutAsync(session, new SignOfLife(counter + 1, clock.GetUtcNow()), CancellationToken.None);
            await DeleteAsync(counter++);
        }
        catch (StoreException)
        {
            counter++; // it may stand all the same, and must not be in the way of the next
        }
    }

    private async Task DeleteAsync(long number)
    {
        try
        {
            if (number > 0)
            {
                await files.DeleteAsync(session, number);
            }
        }
        catch (StoreException)
        {
            return; // whoever cleans up takes it away
        }
    }
}
