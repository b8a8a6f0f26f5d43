using Spectre.Console;

namespace HyperVBackup.Cli.Output;

/// <summary>A live bar with rate and ETA on standard error where that is a terminal; nothing elsewhere.</summary>
internal static class LiveProgress
{
    /// <summary>Runs <paramref name="work"/>, which may set how far it is: what it is at, done and total (bytes or
    /// pieces).</summary>
    public static async Task<T> RunAsync<T>(Func<Action<string, long, long>, Task<T>> work)
    {
        if (Console.IsErrorRedirected)
        {
            return await work((_, _, _) => { });
        }

        IAnsiConsole console = AnsiConsole.Create(
            new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return await console.Progress()
            .AutoClear(true)
            .Columns(
                new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(),
                new TransferSpeedColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                Dictionary<string, ProgressTask> tasks = [];
                return await work((what, done, total) => Show(context, tasks, what, done, total));
            });
    }

    private static void Show(
        ProgressContext context, Dictionary<string, ProgressTask> tasks, string what, long done, long total)
    {
        lock (tasks)
        {
            if (!tasks.TryGetValue(what, out ProgressTask? task))
            {
                tasks[what] = task = context.AddTask(Markup.Escape(what), maxValue: Math.Max(1, total));
            }

            task.MaxValue = Math.Max(1, total);
            task.Value = done;
        }
    }
}
