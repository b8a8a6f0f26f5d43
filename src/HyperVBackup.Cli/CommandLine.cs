using System.CommandLine;
using System.CommandLine.Parsing;
using HyperVBackup.Cli.Commands;

namespace HyperVBackup.Cli;

/// <summary>The whole command line: parses, calls one command, and turns every outcome into an exit code.</summary>
internal static class CommandLine
{
    private const string Description =
        "Keeps the disks of Hyper-V virtual machines in a content-addressed, deduplicating repository.";

    /// <summary>How long an interrupted command may take to leave everything clean.</summary>
    private static readonly TimeSpan CleanUpPatience = TimeSpan.FromSeconds(30);

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        ParseResult parsed = NewRoot().Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            ParseError error = parsed.Errors[0];
            await Console.Error.WriteLineAsync($"hvbackup: {error.Message}");
            await Console.Error.WriteLineAsync("'hvbackup --help' and 'hvbackup COMMAND --help' show what can be said.");
            return ExitCodes.WrongUsage;
        }

        return await parsed.InvokeAsync(new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = CleanUpPatience,
        });
    }

    private static RootCommand NewRoot()
    {
        RootCommand root = new(Description);
        GlobalOptions.All.ForEach(root.Add);
        root.Add(InitCommand.Create());
        root.Add(BackupCommand.Create());
        root.Add(ListCommand.Create());
        root.Add(RestoreCommand.Create());
        root.Add(SynthesizeCommand.Create());
        root.Add(DiffCommand.Create());
        root.Add(VerifyCommand.Create());
        root.Add(StatsCommand.Create());
        root.Add(RebuildIndexCommand.Create());
        root.Add(DemoCommand.Create());
        return root;
    }
}
