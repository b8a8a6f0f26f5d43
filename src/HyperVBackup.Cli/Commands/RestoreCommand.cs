using System.CommandLine;
using System.CommandLine.Parsing;
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
        Description = "The image to write; for several disks the folder to write them in, each under its name.",
        HelpName = "PATH",
        Required = true,
    };

    private static readonly Option<ImageFormat> Format = new("--format")
    {
        Description = "vhdx (dynamic), vhdx-fixed or raw; vhdx if not given.",
        HelpName = "FORMAT",
        CustomParser = ParseFormat,
    };

    private static readonly Option<bool> Force = new("--force") { Description = "Replace what stands there." };

    private static readonly Option<bool> KeepIdentity = new("--keep-identity")
    {
        Description = "Give a VHDX the identity of the disk it was; otherwise it gets a fresh one.",
    };

    public static Command Create()
    {
        Command command = new("restore", "Write disks of a restore point as images, every chunk verified on the way.")
        {
            Point, Disk, Output, Format, Force, KeepIdentity,
        };
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        ParseResult parsed = context.Parsed;
        string output = parsed.GetRequiredValue(Output);
        if (output.Length == 0)
        {
            throw new UsageException("--output '' names nothing to write.");
        }

        BackupRepository repository = await context.OpenAsync(token);
        RestoreRequest request = new()
        {
            Point = (await PointArguments.FindAsync(repository, parsed.GetRequiredValue(Point), token)).Id,
            Disk = parsed.GetValue(Disk),
            OutputPath = output,
            Format = parsed.GetValue(Format),
            Force = parsed.GetValue(Force),
            KeepIdentity = parsed.GetValue(KeepIdentity),
        };
        IReadOnlyList<RestoredDisk> disks = await context.Live.RunAsync(show =>
            context.NewEngine(repository).RestoreAsync(
                request,
                new Told<RestoreProgress>(at =>
                    show(new Step(at.Disk, at.DoneBytes, at.TotalBytes, at.WrittenBytes))),
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

    private static ImageFormat ParseFormat(ArgumentResult result)
    {
        string text = result.Tokens[^1].Value;
        switch (text)
        {
            case "vhdx":
                return ImageFormat.Vhdx;
            case "vhdx-fixed":
                return ImageFormat.VhdxFixed;
            case "raw":
                return ImageFormat.Raw;
            default:
                result.AddError($"'{text}' is no format: use vhdx, vhdx-fixed or raw.");
                return default;
        }
    }

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
                item.WriteNumber("chunksRead", disk.Read.ChunkCount);
                item.WriteNumber("recordsRead", disk.Read.RecordCount);
                item.WriteNumber("recipesRead", disk.Read.RecipeCount);
                item.WriteString("root", disk.Root.ToString());
            });
        });
}
