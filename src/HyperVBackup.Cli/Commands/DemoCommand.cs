using System.CommandLine;
using HyperVBackup.Cli.Output;
using HyperVBackup.Cli.Demo;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>demo</c>: the main job on a sample disk, from nothing, in a folder that is removed again.</summary>
internal static class DemoCommand
{
    private static readonly Option<string?> Folder = new("--folder")
    {
        Description = "Work here and leave everything to look at; otherwise a temporary folder is removed at the end.",
        HelpName = "PATH",
    };

    public static Command Create()
    {
        Command command = new("demo", "Show the main job on a sample disk: back up, lose tracking, recover, restore.")
        {
            Folder,
        };
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        string? named = context.Parsed.GetValue(Folder);
        string folder = named ?? Directory.CreateTempSubdirectory("hvbackup-demo-").FullName;
        try
        {
            Directory.CreateDirectory(folder);
            DemoRun demo = new(folder, context.Environment with { StateFolder = Path.Combine(folder, "state") });
            TextTable table = await demo.RunAsync(token);
            table.WriteTo(Console.Out);
            return ExitCodes.Done;
        }
        finally
        {
            if (named is null)
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }
}
