using System.CommandLine;
using HyperVBackup.Cli.Output;
using HyperVBackup.Operations;
using HyperVBackup.Repository;
using HyperVBackup.Storage;

namespace HyperVBackup.Cli;

/// <summary>What every command has at hand: its options, the repository they name, and where its output goes.</summary>
internal sealed class CommandContext
{
    private const string RepositoryVariable = "HVBACKUP_REPOSITORY";

    private CommandContext(ParseResult parsed)
    {
        Parsed = parsed;
        Environment = Surroundings.Current.NewEnvironment() with
        {
            MemoryBudgetBytes =
                parsed.GetValue(GlobalOptions.Memory) ?? RepositoryEnvironment.MemoryBudgetDefaultBytes,
            Warn = Live.Warn,
        };
    }

    public ParseResult Parsed { get; }

    public bool IsJson => Parsed.GetValue(GlobalOptions.Json);

    /// <summary>Standard error: the live bar, and what is to be said beside it.</summary>
    public LiveProgress Live { get; } = new();

    public RepositoryEnvironment Environment { get; }

    /// <summary>Runs a command and turns what it throws into one sentence and an exit code.</summary>
    public static async Task<int> RunAsync(
        ParseResult parsed, Func<CommandContext, CancellationToken, Task<int>> command, CancellationToken token)
    {
        try
        {
            return await command(new CommandContext(parsed), token);
        }
        catch (Exception failure)
        {
            string sentence = token.IsCancellationRequested && failure is OperationCanceledException
                ? Failures.Interrupted(parsed)
                : Failures.Sentence(failure);
            TextWriter errors = Surroundings.Current.Errors;
            await errors.WriteLineAsync($"hvbackup: {sentence}");
            if (parsed.GetValue(GlobalOptions.Verbose))
            {
                await errors.WriteLineAsync(failure.ToString());
            }

            return failure is UsageException ? ExitCodes.WrongUsage : ExitCodes.Failed;
        }
    }

    public IBlobStore NewStore()
    {
        string? path = Parsed.GetValue(GlobalOptions.Repository)
            ?? System.Environment.GetEnvironmentVariable(RepositoryVariable);
        return string.IsNullOrEmpty(path)
            ? throw new UsageException($"No repository: name its folder with -r PATH or {RepositoryVariable}.")
            : Surroundings.Current.OpenStore(path);
    }

    public Task<BackupRepository> OpenAsync(CancellationToken token) =>
        BackupRepository.OpenAsync(NewStore(), Environment, token);

    public BackupEngine NewEngine(BackupRepository repository) => new(
        repository,
        Environment,
        new EngineOptions { InFlightBytes = Math.Clamp(Environment.MemoryBudgetBytes / 128, 8L << 20, 64L << 20) });
}
