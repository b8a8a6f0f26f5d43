using System.CommandLine;
using HyperVBackup.Cli.Output;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Repository;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>restore</c>: writes disks of a restore point as images.</summary>
internal static class RestoreCommand
{
    private static readonly Argument<string> Point = PointArguments.New("POINT");

    private static readonly Option<string?> Disk = new("--disk")
    {
        Description = "Only this disk.",
        HelpName = "NAME",
    };

    private static readonly Option<string> Output = new("--output", "-o")
    {
        Description = "The image to write; for several disks the folder to write them in.",
        HelpName = "PATH",
        Required = true,
    };

    private static readonly Option<string> Format = new("--format")
    {
        Description = "vhdx (dynamic), vhdx-fixed or raw.",
        HelpName = "FORMAT",
        DefaultValueFactory = _ => "vhdx",
    };

    private static readonly Option<bool> Force = new("--force") { Description = "Replace what stands there." };

    private static readonly Option<bool> KeepIdentity = new("--keep-identity")
    {
        Description = "Give a VHDX the identity of the disk it was; otherwise it gets a fresh one.",
    };

    public static Command Create()
    {
        Format.AcceptOnlyFromAmong("vhdx", "vhdx-fixed", "raw");
        Command command = new("restore", "Write disks of a restore point as images.")
        {
            Point, Disk, Output, Format, Force, KeepIdentity,
        };
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        ParseResult parsed = context.Parsed;
        BackupRepository repository = await context.OpenAsync(token);
        RestoreRequest request = new()
        {
            Point = (await PointArguments.FindAsync(repository, parsed.GetRequiredValue(Point), token)).Id,
            Disk = parsed.GetValue(Disk),
            OutputPath = parsed.GetRequiredValue(Output),
            Format = FormatOf(parsed.GetRequiredValue(Format)),
            Force = parsed.GetValue(Force),
            KeepIdentity = parsed.GetValue(KeepIdentity),
        };
        IReadOnlyList<RestoredDisk> disks = await LiveProgress.RunAsync(show =>
            context.NewEngine(repository).RestoreAsync(
                request,
                new Told<RestoreProgress>(at => show(at.Disk, at.DoneBytes, at.TotalBytes)),
                token));
        if (context.IsJson)
        {
            WriteJson(request, disks);
        }
        else
        {
            foreach (RestoredDisk disk in disks)
            {
                Console.WriteLine(
                    $"{disk.Disk} → {disk.Path}: {SizeText.Format(disk.VirtualSizeBytes)} disk, "
                    + $"{SizeText.Format(disk.BytesWritten)} written, every chunk verified.");
            }
        }

        return ExitCodes.Done;
    }

    private static ImageFormat FormatOf(string text) => text switch
    {
        "raw" => ImageFormat.Raw,
        "vhdx-fixed" => ImageFormat.VhdxFixed,
        _ => ImageFormat.Vhdx,
    };

    private static void WriteJson(RestoreRequest request, IReadOnlyList<RestoredDisk> disks) =>
        JsonOutput.Write(json =>
        {
            json.WriteString("restorePoint", request.Point.ToString());
            json.WriteArray("disks", disks, (item, disk) =>
            {
                item.WriteString("disk", disk.Disk);
                item.WriteString("path", disk.Path);
                item.WriteNumber("virtualSize", disk.VirtualSizeBytes);
                item.WriteNumber("bytesWritten", disk.BytesWritten);
                item.WriteString("root", disk.Root.ToString());
            });
        });
}
