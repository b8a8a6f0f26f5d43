using System.CommandLine;
using System.Diagnostics;
using System.Security.Cryptography;
using HyperVBackup.Disks;
using HyperVBackup.Format;
using HyperVBackup.Operations;
using HyperVBackup.Operations.Synthesize;
using HyperVBackup.Repository;
using HyperVBackup.Storage;

namespace HyperVBackup.Cli;

/// <summary>What every command has at hand: its options, the repository they name, and where its output goes.</summary>
internal sealed class CommandContext(ParseResult parsed)
{
    public ParseResult Parsed => parsed;

    public bool IsJson => parsed.GetValue(GlobalOptions.Json);

    public RepositoryEnvironment Environment { get; } = new()
    {
        Clock = TimeProvider.System,
        Randomness = RandomNumberGenerator.Fill,
        StateFolder = StateFolder(),
        MemoryBudgetBytes = parsed.GetValue(GlobalOptions.Memory),
        HostName = System.Environment.MachineName,
        ProcessId = (uint)System.Environment.ProcessId,
        IsProcessAlive = IsProcessAlive,
        Warn = warning => Console.Error.WriteLine($"hvbackup: warning: {warning}"),
    };

    /// <summary>Runs a command and turns what it throws into one sentence and an exit code.</summary>
    public static async Task<int> RunAsync(
        ParseResult parsed, Func<CommandContext, CancellationToken, Task<int>> command, CancellationToken token)
    {
        try
        {
            return await command(new CommandContext(parsed), token);
        }
        catch (Exception failure) when (Sentence(failure, token) is string sentence)
        {
            await Console.Error.WriteLineAsync($"hvbackup: {sentence}");
            if (parsed.GetValue(GlobalOptions.Verbose))
            {
                await Console.Error.WriteLineAsync(failure.ToString());
            }

            return failure is UsageException or ArgumentException ? ExitCodes.WrongUsage : ExitCodes.Failed;
        }
    }

    public IBlobStore NewStore()
    {
        string? path = parsed.GetValue(GlobalOptions.Repository)
            ?? System.Environment.GetEnvironmentVariable("HVBACKUP_REPOSITORY");
        return string.IsNullOrEmpty(path)
            ? throw new UsageException("No repository: name its folder with -r PATH or HVBACKUP_REPOSITORY.")
            : new FolderStore(path);
    }

    public Task<BackupRepository> OpenAsync(CancellationToken token) =>
        BackupRepository.OpenAsync(NewStore(), Environment, token);

    public BackupEngine NewEngine(BackupRepository repository) => new(
        repository,
        Environment,
        new EngineOptions { InFlightBytes = Math.Clamp(Environment.MemoryBudgetBytes / 32, 8L << 20, 32L << 20) });

    private static string? Sentence(Exception failure, CancellationToken token) => failure switch
    {
        OperationCanceledException when token.IsCancellationRequested =>
            "Interrupted; nothing was published, and what was stored is found again by the next run.",
        UsageException or RepositoryException or StoreException or DiskImageException or CorruptDataException
            or ProofFailedException => failure.Message,
        ArgumentException argument when argument.ParamName is null => failure.Message,
        UnauthorizedAccessException or IOException => failure.Message,
        OutOfMemoryException => "Not enough memory; --memory sets a lower ceiling.",
        _ => $"An error that should not happen: {failure.Message} (--verbose shows where).",
    };

    private static string StateFolder()
    {
        string? named = System.Environment.GetEnvironmentVariable("HVBACKUP_STATE");
        if (!string.IsNullOrEmpty(named))
        {
            return named;
        }

        string? state = OperatingSystem.IsWindows()
            ? System.Environment.GetFolderPath(System.Environment.SpecialFolder.LocalApplicationData)
            : System.Environment.GetEnvironmentVariable("XDG_STATE_HOME");
        string home = System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile);
        return Path.Combine(string.IsNullOrEmpty(state) ? Path.Combine(home, ".local", "state") : state, "hvbackup");
    }

    private static bool IsProcessAlive(uint processId)
    {
        try
        {
            using Process process = Process.GetProcessById(checked((int)processId));
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
