using Spectre.Console;

namespace HyperVBackup.Cli.Output;

/// <summary>A live bar with rate and ETA on standard error where that is a terminal; nothing elsewhere. Thread-safe.
/// </summary>
internal sealed class LiveProgress
{
    private readonly Lock gate = new();
    private readonly Dictionary<(string What, long Total), ProgressTask> tasks = [];
    private IAnsiConsole? live;

    /// <summary>Runs <paramref name="work"/>, which may say again and again how far it is.</summary>
    public async Task<T> RunAsync<T>(Func<Action<Step>, Task<T>> work)
    {
        if (!Surroundings.Current.IsTerminal)
        {
            return await work(_ => { });
        }

        IAnsiConsole console = AnsiConsole.Create(
            new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        try
        {
            return await console.Progress()
                .AutoClear(true)
                .Columns(
                    new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RateColumn(),
                    new RemainingTimeColumn())
                .StartAsync(context =>
                {
                    live = console;
                    return work(step => Show(context, step));
                });
        }
        finally
        {
            live = null;
        }
    }

    /// <summary>A sentence on standard error, above the bar where there is one.</summary>
    public void Warn(string sentence)
    {
        string line = $"hvbackup: warning: {Failures.Closed(sentence)}";
        if (live is IAnsiConsole console)
        {
            console.WriteLine(line);
        }
        else
        {
            Surroundings.Current.Errors.WriteLine(line);
        }
    }

    /// <summary>Work whose size turns out to be another is shown as other work: its rate begins anew.</summary>
    private void Show(ProgressContext context, Step step)
    {
        lock (gate)
        {
            if (!tasks.TryGetValue((step.What, step.Total), out ProgressTask? task))
            {
                foreach (ProgressTask before in tasks.Values)
                {
                    before.StopTask();
                }

                task = context.AddTask(Markup.Escape(step.What), maxValue: Math.Max(1, step.Total));
                tasks[(step.What, step.Total)] = task;
            }

            task.Value = step.Done;
            RateColumn.Note(task, step);
        }
    }
}
