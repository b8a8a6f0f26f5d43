using System.CommandLine;
using HyperVBackup.Cli.Hosting;
using HyperVBackup.Cli.Output;
using HyperVBackup.Format.Points;
using HyperVBackup.Hosts;
using HyperVBackup.Operations.Hosted;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Repository;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>host restore</c>: makes a machine of this host of a restore point, or writes its files.</summary>
internal static class HostRestoreCommand
{
    private static readonly Argument<string> Point = PointArguments.New("POINT");

    private static readonly Option<string> Output = new("--output", "-o")
    {
        Description = "The folder that the machine's files go to and stay in; empty or missing.",
        HelpName = "FOLDER",
        Required = true,
    };

    private static readonly Option<bool> AsOriginal = new("--as-original")
    {
        Description = "Give the machine and its disks the identities that they had, if no machine of this host has "
            + "them; otherwise they get new ones, and the original stays as it is.",
    };

    private static readonly Option<string?> Name = new("--name")
    {
        Description = "What the machine is to be called; what it was called if not given.",
        HelpName = "NAME",
    };

    private static readonly Option<bool> FilesOnly = new("--files-only")
    {
        Description = "Only write the machine's files, and a PowerShell script that registers it on a Hyper-V host.",
    };

    public static Command Create()
    {
        Command command = new("restore", "Make a machine of this host of a restore point, with its disks and "
            + "configuration; on any failure nothing is left of it.")
        {
            Point, Output, AsOriginal, Name, FilesOnly,
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
            throw new UsageException("--output '' names no folder.");
        }

        bool isFilesOnly = parsed.GetValue(FilesOnly);
        if (isFilesOnly && (parsed.GetValue(AsOriginal) || parsed.GetValue(Name) is not null))
        {
            throw new UsageException("--files-only makes no machine; give --as-original and --name to what does.");
        }

        HostAccess? host = isFilesOnly ? null : Surroundings.Current.FindHost(context.Environment, token);
        BackupRepository repository = await context.OpenAsync(token);
        RestorePoint point = await PointArguments.FindAsync(repository, parsed.GetRequiredValue(Point), token);
        HostedRestoreRequest request = new()
        {
            Point = point.Id,
            Folder = Path.GetFullPath(output),
            AsOriginal = parsed.GetValue(AsOriginal),
            Name = parsed.GetValue(Name),
        };
        HostedRestore restore = new(repository, context.NewEngine(repository));
        HostedRestoreReport report = await context.Live.RunAsync(show =>
        {
            Told<RestoreProgress> progress = new(at =>
                show(new Step(at.Disk, at.DoneBytes, at.TotalBytes, at.WrittenBytes)));
            return host is null
                ? restore.WriteAsync(request, progress, token)
                : restore.ImportAsync(request, EnvironmentOf(context, host), progress, token);
        });
        Write(context, request, report);
        return ExitCodes.Done;
    }

    private static HostEnvironment EnvironmentOf(CommandContext context, HostAccess host) => new()
    {
        Cim = host.CimOf(host.Name),
        Disks = host.Disks,
        Images = host.Images,
        Files = HostedRestore.LocalFiles,
        Journals = host.Journals ?? new FileJournals(HostEnvironments.NotesFolderOf(context.Environment, "notes")),
        Waiter = host.Waiter,
        Randomness = bytes => context.Environment.Randomness(bytes),
        IsRecorded = _ => false,
        Warn = context.Live.Warn,
    };

    private static void Write(CommandContext context, HostedRestoreRequest request, HostedRestoreReport report)
    {
        if (context.IsJson)
        {
            JsonOutput.Write(json =>
            {
                json.WriteString("restorePoint", request.Point.ToString());
                json.WriteString("machine", report.Machine?.Name);
                json.WriteString("id", report.Machine?.Id.ToString("D"));
                json.WriteString("folder", request.Folder);
                json.WriteString("script", report.Script);
                json.WriteArray("files", report.Disks.Select(disk => disk.Path)
                    .Concat(report.Files.Select(file => file.Path)), (item, path) => item.WriteString("path", path));
            });
        }
        else if (report.Machine is { } machine)
        {
            Console.WriteLine($"'{machine.Name}' ({machine.Id}) is a machine of this host, and off; its files are in "
                + $"{request.Folder}.");
        }
        else
        {
            Console.WriteLine($"The machine's files are in {request.Folder}. On a Hyper-V host, where they are to "
                + $"stay, run {Path.GetFileName(report.Script)} as administrator.");
        }
    }
}
