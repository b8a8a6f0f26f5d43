using System.Diagnostics.CodeAnalysis;

namespace HyperVBackup.Repository.Index;

/// <summary>Lets one caller at a time into code that may hang, and nobody wait for it without bound.</summary>
/// <param name="patience">How long one call may take without telling that it gets on.</param>
/// <param name="looking">Called when patience has run out, before it is asked whether the call got on.</param>
internal sealed class Watchdog(TimeSpan patience, Action? looking = null)
{
    private readonly object gate = new();
    private long stepCount;

    /// <summary>Told by the call inside that it gets on: it is not given up yet, however long it takes.</summary>
    public void NoteStep() => Interlocked.Increment(ref stepCount);

    /// <summary>False where another call did not end in time.</summary>
    public bool TryEnter()
    {
        long seen = Interlocked.Read(ref stepCount);
        while (!Monitor.TryEnter(gate, patience))
        {
            if (!HasGotOn(ref seen))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>False where another call is inside.</summary>
    public bool TryEnterAtOnce() => Monitor.TryEnter(gate);

    public void Exit() => Monitor.Exit(gate);

    /// <summary>Does <paramref name="work"/> on another thread, which is left behind if it does not end in time.
    /// </summary>
    /// <returns>What went wrong, <see cref="TimeoutException"/> for a hang; null where all is well.</returns>
    public Exception? RunApart(Action work)
    {
        long seen = Interlocked.Read(ref stepCount);
        Task<Exception?> run = Task.Run(() => Run(work));
        while (!run.Wait(patience))
        {
            if (!HasGotOn(ref seen))
            {
                return Hang();
            }
        }

        return run.Result;
    }

    /// <inheritdoc cref="RunApart"/>
    public async Task<Exception?> RunApartAsync(Action work)
    {
        long seen = Interlocked.Read(ref stepCount);
        Task<Exception?> run = Task.Run(() => Run(work));
        while (true)
        {
            try
            {
                return await run.WaitAsync(patience).ConfigureAwait(false);
            }
            catch (TimeoutException) when (HasGotOn(ref seen))
            {
                continue;
            }
            catch (TimeoutException)
            {
                return Hang();
            }
        }
    }

    private bool HasGotOn(ref long seen)
    {
        looking?.Invoke();
        long now = Interlocked.Read(ref stepCount);
        (bool hasGotOn, seen) = (now != seen, now);
        return hasGotOn;
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
