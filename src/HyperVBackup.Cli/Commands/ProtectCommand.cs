using System.CommandLine;
using HyperVBackup.Cli.Output;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Parity;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>protect</c>: makes parity for packs that have none.</summary>
internal static class ProtectCommand
{
    private static readonly Option<int?> Parity = ParityOption.New(
        "Bytes of parity for a hundred bytes of packs; as the repository was made with if not given.");

    public static Command Create()
    {
        Command command = new(
            "protect",
            "Make parity for the chunk packs that have none, by which 'repair' mends them. It may be stopped at any "
            + "time and goes on where it was. Packs that are damaged already are left out and told.")
        {
            Parity,
        };
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        BackupRepository repository = await context.OpenAsync(token);
        int percent = context.Parsed.GetValue(Parity) ?? repository.Settings.ParityPercent;
        if (percent == 0)
        {
            throw new UsageException("This repository was made without parity: say how much with --parity PERCENT.");
        }

        ProtectReport report = await context.Live.RunAsync(show =>
            repository.NewProtection(new ProtectOptions { ParityPercent = percent }).RunAsync(
                new Told<ProtectProgress>(at =>
                    show(new Step("protect", at.DoneBytes, at.TotalBytes, at.DoneBytes))),
                token));
        if (context.IsJson)
        {
            WriteJson(report, percent);
        }
        else
        {
            WriteText(report, percent);
        }

        return report.Damaged.Count == 0 ? ExitCodes.Done : ExitCodes.Failed;
    }

    private static void WriteJson(ProtectReport report, int percent) => JsonOutput.Write(json =>
    {
        json.WriteNumber("parity", percent);
        json.WriteNumber("packs", report.PackCount);
        json.WriteNumber("packBytes", report.PackBytes);
        json.WriteNumber("parityFiles", report.ParityFileCount);
        json.WriteNumber("parityBytes", report.ParityBytes);
        json.WriteNumber("packsBefore", report.ProtectedBefore);
        json.WriteArray("damaged", report.Damaged, (item, pack) => item.WriteString("file", pack.BlobName));
    });

    private static void WriteText(ProtectReport report, int percent)
    {
        foreach (PackName pack in report.Damaged)
        {
            Console.WriteLine($"{pack} is damaged and was left out; 'verify' says what that costs, 'repair' heals.");
        }

        Console.WriteLine(
            $"Protected {Words.OfCount(report.PackCount, "pack")} ({SizeText.Format(report.PackBytes)}) by "
            + $"{Words.OfCount(report.ParityFileCount, "parity file")} of {percent} % "
            + $"({SizeText.Format(report.ParityBytes)}); "
            + $"{report.ProtectedBefore} were before.");
    }
}
