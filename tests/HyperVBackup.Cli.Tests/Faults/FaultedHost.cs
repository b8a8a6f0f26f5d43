using System.Text;
using HyperVBackup.Repository;
using HyperVBackup.Storage;
using HyperVBackup.Storage.Files;

namespace HyperVBackup.Cli.Tests.Faults;

/// <summary>Runs commands in this process, each as if it were a process of its own that ends with it, on a repository
/// in files that are passed in. Thread-safe where the files are.</summary>
/// <param name="stateFolder">The host's state folder.</param>
internal sealed class FaultedHost(IStoreFiles files, string stateFolder)
{
    private const string Root = "/repository";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private static int lastProcessId = 1_000_000;

    /// <summary>Runs a command to its end; one that hangs fails the test.</summary>
    public async Task<CommandResult> RunAsync(params string[] arguments)
    {
        uint processId = (uint)Interlocked.Increment(ref lastProcessId);
        using MemoryStream output = new();
        using StringWriter errors = new();
        Surroundings.Current = new Surroundings
        {
            OpenStore = _ => new FolderStore(Root, files),
            NewEnvironment = () => NewEnvironment(processId),
            OpenOutput = () => output,
            Errors = TextWriter.Synchronized(errors),
            IsTerminal = false,
        };
        int exitCode = await Task
            .Run(() => CommandLine.RunAsync([.. arguments, "-r", Root, "--memory", "64MiB", "--json"]))
            .WaitAsync(Patience);
        return new CommandResult(exitCode, Encoding.UTF8.GetString(output.ToArray()), errors.ToString());
    }

    private RepositoryEnvironment NewEnvironment(uint processId) => new()
    {
        Clock = TimeProvider.System,
        Randomness = SystemRandomness.Fill,
        StateFolder = stateFolder,
        HostName = "host",
        ProcessId = processId,
        IsProcessAlive = id => id == processId,
    };
}
