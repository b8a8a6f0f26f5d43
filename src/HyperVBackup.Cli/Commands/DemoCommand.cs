using System.CommandLine;
using System.Text.Json;
using HyperVBackup.Cli.Demo;
using HyperVBackup.Cli.Output;
using HyperVBackup.Repository;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>demo</c>: the main job on a sample disk, from nothing, in a folder that is removed again.</summary>
internal static class DemoCommand
{
    private static readonly Option<string?> Folder = new("--folder")
    {
        Description = "Work here and leave everything to look at; otherwise a temporary folder is removed at the end.",
        HelpName = "PATH",
    };

    private static readonly Option<bool> Host = new("--host")
    {
        Description = "Show the machines of a Hyper-V host being backed up, on a host that is simulated.",
    };

    public static Command Create()
    {
        Command command = new("demo", "Show the main job on a sample disk: back up, lose tracking, recover, restore.")
        {
            Folder, Host,
        };
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        string? named = context.Parsed.GetValue(Folder);
        if (named is "")
        {
            throw new UsageException("--folder '' names no folder.");
        }

        string folder = named ?? Directory.CreateTempSubdirectory("hvbackup-demo-").FullName;
        try
        {
            Directory.CreateDirectory(folder);
            RepositoryEnvironment environment =
                context.Environment with { StateFolder = Path.Combine(folder, "state") };
            bool isHost = context.Parsed.GetValue(Host);
            IReadOnlyList<DemoStep> steps = await context.Live.RunAsync(show => isHost
                ? new HostDemoRun(folder, environment, show).RunAsync(token)
                : new DemoRun(folder, environment, show).RunAsync(token));
            if (context.IsJson)
            {
                WriteJson(steps, isHost ? HostDemoRun.Caution : null);
            }
            else
            {
                WriteText(steps, isHost ? HostDemoRun.Caution : null);
            }

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

    private static void WriteJson(IReadOnlyList<DemoStep> steps, string? caution) => JsonOutput.Write(json =>
    {
        if (caution is not null)
        {
            json.WriteBoolean("simulated", true);
            json.WriteString("caution", caution);
        }

        json.WriteArray("steps", steps, (item, step) =>
        {
            item.WriteString("step", step.What);
            WriteCount(item, "bytesRead", step.BytesRead);
            WriteCount(item, "bytesAudited", step.BytesAudited);
            WriteCount(item, "bytesChanged", step.BytesChanged);
            WriteCount(item, "bytesStored", step.BytesStored);
            item.WriteString("result", step.Result);
        });
    });

    private static void WriteCount(Utf8JsonWriter json, string name, long? bytes)
    {
        if (bytes is long count)
        {
            json.WriteNumber(name, count);
        }
    }

    private static void WriteText(IReadOnlyList<DemoStep> steps, string? caution)
    {
        if (caution is not null)
        {
            Console.WriteLine(caution);
        }

        TextTable table = new("STEP", "READ", "AUDITED", "CHANGED", "STORED", "RESULT");
        foreach (DemoStep step in steps)
        {
            table.Add(
                step.What, Words.OfSize(step.BytesRead), Words.OfSize(step.BytesAudited),
                Words.OfSize(step.BytesChanged), Words.OfSize(step.BytesStored), step.Result);
        }

        table.WriteTo(Console.Out);
    }
}
