using System.Diagnostics.CodeAnalysis;

namespace HyperVBackup.Repository.Index;

/// <summary>Lets one caller at a time into code that may hang, and nobody wait for it without bound.</summary>
/// <param name="patience">How long one call may take.</param>
internal sealed class Watchdog(TimeSpan patience)
{
    private readonly object gate = new();

    /// <summary>False where another call did not end in time.</summary>
    public bool TryEnter() => Monitor.TryEnter(gate, patience);

    /// <summary>False where another call is inside.</summary>
    public bool TryEnterAtOnce() => Monitor.TryEnter(gate);

    public void Exit() => Monitor.Exit(gate);

    /// <summary>Does <paramref name="work"/> on another thread, which is left behind if it does not end in time.
    /// </summary>
    /// <returns>What went wrong, <see cref="TimeoutException"/> for a hang; null where all is well.</returns>
    public Exception? RunApart(Action work)
    {
        Task<Exception?> run = Task.Run(() => Run(work));
        return run.Wait(patience) ? run.Result : Hang();
    }

    /// <inheritdoc cref="RunApart"/>
    public async Task<Exception?> RunApartAsync(Action work)
    {
        Task<Exception?> run = Task.Run(() => Run(work));
        try
        {
            return await run.WaitAsync(patience).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return Hang();
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "FASTER throws anything; the caller gives the index up.")]
    private Exception? Run(Action work)
    {
        if (!TryEnter())
        {
            return Hang();
        }

        try
        {
            work();
            return null;
        }
        catch (Exception error)
        {
            return error;
        }
        finally
        {
            Exit();
        }
    }

    private static TimeoutException Hang() => new("The index does not answer.");
}
