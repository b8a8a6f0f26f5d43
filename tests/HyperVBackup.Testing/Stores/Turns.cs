namespace HyperVBackup.Testing.Stores;

/// <summary>
/// Lets actors that share a store work one operation at a time, in an order that a test decides: whenever every actor
/// waits for its turn, <paramref name="choose"/> picks who goes on. So one choice gives one history. An actor that is
/// never picked again is one that has crashed, or sleeps for ever.
/// </summary>
/// <param name="choose">Given the actors that wait, ascending; the one to go on, or null to end here.</param>
public sealed class Turns(Func<IReadOnlyList<int>, int?> choose)
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<int, TaskCompletionSource> waiting = [];
    private readonly HashSet<int> running = [];
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Runs all actors until none can go on or the choice ends it; what one throws is thrown here.</summary>
    public async Task RunAsync(params Func<int, Task>[] actors)
    {
        for (int actor = 0; actor < actors.Length; actor++)
        {
            running.Add(actor);
        }

        Task[] all = [.. actors.Select((work, actor) => RunAsync(actor, work))];
        await Task.WhenAny(ended.Task, Task.WhenAll(all));
        foreach (Task finished in all.Where(task => task.IsCompleted))
        {
            await finished;
        }
    }

    /// <summary>Waits until the actor may go on.</summary>
    internal Task WaitAsync(int actor)
    {
        TaskCompletionSource turn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            running.Remove(actor);
            waiting.Add(actor, turn);
        }

        Choose();
        return turn.Task;
    }

    private async Task RunAsync(int actor, Func<int, Task> work)
    {
        await WaitAsync(actor);
        try
        {
            await work(actor);
        }
        finally
        {
            lock (gate)
            {
                running.Remove(actor);
            }

            Choose();
        }
    }

    private void Choose()
    {
        TaskCompletionSource? turn = null;
        lock (gate)
        {
            if (running.Count == 0 && waiting.Count > 0)
            {
                if (choose([.. waiting.Keys]) is int chosen)
                {
                    waiting.Remove(chosen, out turn);
                    running.Add(chosen);
                }
                else
                {
                    ended.TrySetResult();
                }
            }
        }

        turn?.SetResult();
    }
}
