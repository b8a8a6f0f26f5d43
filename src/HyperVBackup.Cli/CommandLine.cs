using System.CommandLine;
using System.CommandLine.Parsing;
using HyperVBackup.Cli.Commands;

namespace HyperVBackup.Cli;

/// <summary>The whole command line: parses, calls one command, and turns every outcome into an exit code.</summary>
internal static class CommandLine
{
    private const string Description =
        "Keeps the disks of Hyper-V virtual machines in a content-addressed, deduplicating repository. "
        + "Exit codes: 0 done; 1 failed, interrupted, or damage found; 2 wrong usage.";

    /// <summary>How long an interrupted command may take to leave everything clean.</summary>
    private static readonly TimeSpan CleanUpPatience = TimeSpan.FromSeconds(30);

    /// <summary>Made once: the options are shared, and would hold on to every command that they were ever added to.
    /// </summary>
    private static readonly RootCommand Root = NewRoot();

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        ParseResult parsed = Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            TextWriter errors = Surroundings.Current.Errors;
            await errors.WriteLineAsync($"hvbackup: {Complaint(parsed)}");
            await errors.WriteLineAsync($"'{CommandPath(parsed)} --help' shows what can be said.");
            return ExitCodes.WrongUsage;
        }

        return await parsed.InvokeAsync(new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = CleanUpPatience,
        });
    }

    /// <summary>"@FILE" is an argument as any other: disks and VMs may be named so.</summary>
    internal static ParseResult Parse(IReadOnlyList<string> arguments) =>
        Root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });

    /// <summary>The program's name, and those of the commands that lead to the one that is meant.</summary>
    internal static string CommandPath(ParseResult parsed) =>
        string.Join(' ', CommandsOf(parsed.CommandResult).Reverse().Prepend("hvbackup"));

    private static string Complaint(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        if (parsed.UnmatchedTokens.Count == 0)
        {
            return command is RootCommand ? "Name a command." : parsed.Errors[0].Message;
        }

        string token = parsed.UnmatchedTokens[0];
        if (token.StartsWith('-'))
        {
            return $"'{CommandPath(parsed)}' has no option '{token}'.";
        }

        return command is RootCommand
            ? $"There is no command '{token}'."
            : $"'{CommandPath(parsed)}' does not take '{token}'.";
    }

    /// <summary>The names of a command and those it belongs to, but for the program's.</summary>
    private static IEnumerable<string> CommandsOf(CommandResult? command)
    {
        for (; command is { Command: not RootCommand }; command = command.Parent as CommandResult)
        {
            yield return command.Command.Name;
        }
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
        root.Add(RepairCommand.Create());
        root.Add(PruneCommand.Create());
        root.Add(PinCommand.Create());
        root.Add(ExplainCommand.Create());
        root.Add(CollectCommand.Create());
        root.Add(ProtectCommand.Create());
        root.Add(StatsCommand.Create());
        root.Add(SessionsCommand.Create());
        root.Add(RebuildIndexCommand.Create());
        root.Add(HostCommand.Create());
        root.Add(DemoCommand.Create());
        return root;
    }
}
