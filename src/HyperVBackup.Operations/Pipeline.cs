using System.Threading.Channels;

namespace HyperVBackup.Operations;

/// <summary>Stages joined by bounded channels. All threads of an operation begin here.</summary>
internal static class Pipeline
{
    /// <summary>Runs all stages side by side; the first failure cancels the others and is the one thrown.</summary>
    public static async Task RunAsync(CancellationToken token, params Func<CancellationToken, Task>[] stages)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(token);
        Exception? first = null;
        async Task RunStageAsync(Func<CancellationToken, Task> stage)
        {
            try
            {
                await stage(ending.Token);
            }
            catch (Exception failure)
            {
                Interlocked.CompareExchange(ref first, failure, null);
                await ending.CancelAsync();
            }
        }

        await Task.WhenAll(stages.Select(stage => Task.Run(() => RunStageAsync(stage), CancellationToken.None)));
        token.ThrowIfCancellationRequested();
        if (first is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first);
        }
    }

    /// <summary>Does <paramref name="work"/> on items side by side and hands them on in the order they came; as many
    /// at a time as <paramref name="output"/> has room for. None of it runs on when this returns.</summary>
    public static async Task OrderedAsync<T>(
        ChannelReader<T> input, ChannelWriter<Task<T>> output, Func<T, ValueTask> work, CancellationToken token)
    {
        async Task<T> DoAsync(T item)
        {
            await work(item);
            return item;
        }

        Queue<Task<T>> running = new();
        try
        {
            await foreach (T item in input.ReadAllAsync(token))
            {
                Task<T> task = Task.Run(() => DoAsync(item), token);
                running.Enqueue(task);
                await output.WriteAsync(task, token);
                while (running.TryPeek(out Task<T>? oldest) && oldest.IsCompleted)
                {
                    _ = running.Dequeue();
                }
            }

            output.Complete();
        }
        finally
        {
            foreach (Task task in running)
            {
                await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // what it uses is about to end
            }
        }
    }

    /// <summary>A channel for one writer and one reader.</summary>
    public static Channel<T> NewChannel<T>(int capacity) =>
        Channel.CreateBounded<T>(new BoundedChannelOptions(capacity) { SingleReader = true, SingleWriter = true });
}
