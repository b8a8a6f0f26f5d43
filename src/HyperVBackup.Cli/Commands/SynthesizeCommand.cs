using System.CommandLine;
using HyperVBackup.Cli.Output;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Operations.Synthesize;
using HyperVBackup.Repository;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>synthesize</c>: proves a VM's state from its change lists and publishes it as a synthetic full.
/// </summary>
internal static class SynthesizeCommand
{
    private static readonly Option<string> Vm = new("--vm")
    {
        Description = "The VM's name or GUID.",
        HelpName = "VM",
        Required = true,
    };

    private static readonly Option<string?> At = new("--at")
    {
        Description = "The restore point whose state is taken; the newest if not given.",
        HelpName = "POINT",
    };

    private static readonly Option<bool> Sequential = new("--sequential")
    {
        Description = "Also store the chunks anew in disk order, for the fastest restore.",
    };

    public static Command Create()
    {
        Command command = new("synthesize", "Prove a VM's state from its change lists and publish it as a full.")
        {
            Vm, At, Sequential,
        };
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        SynthesizeRequest request = new()
        {
            Vm = context.Parsed.GetRequiredValue(Vm),
            At = context.Parsed.GetValue(At),
            Sequential = context.Parsed.GetValue(Sequential),
        };
        BackupRepository repository = await context.OpenAsync(token);
        SynthesizeReport report = await context.Live.RunAsync(show =>
            context.NewEngine(repository).SynthesizeAsync(
                request,
                new Told<RestoreProgress>(at =>
                    show(new Step(at.Disk, at.DoneBytes, at.TotalBytes, at.WrittenBytes))),
                token));
        if (context.IsJson)
        {
            WriteJson(report.Point);
        }
        else
        {
            Console.WriteLine($"Restore point {report.Point.Id} of {report.Point.VmName}: synthetic, proven equal.");
            foreach (DiskPoint disk in report.Point.Disks)
            {
                Console.WriteLine(
                    $"  {disk.Name}: {disk.Statistics.ListsFolded} change lists folded lead to the recorded root "
                    + $"{disk.Root}.");
            }
        }

        return ExitCodes.Done;
    }

    private static void WriteJson(RestorePoint point) => JsonOutput.Write(json =>
    {
        json.WriteString("restorePoint", point.Id.ToString());
        json.WriteArray("disks", point.Disks, (item, disk) =>
        {
            item.WriteString("disk", disk.Name);
            item.WriteString("root", disk.Root.ToString());
            item.WriteString("proof", "equal");
            item.WriteNumber("folded", disk.Statistics.ListsFolded);
        });
    });
}
