using System.CommandLine;
using HyperVBackup.Cli.Output;
using HyperVBackup.Disks;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Points;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>diff</c>: says where the disks of two restore points differ.</summary>
internal static class DiffCommand
{
    private static readonly Argument<string> Before = PointArguments.New("BEFORE");

    private static readonly Argument<string> After = PointArguments.New("AFTER");

    public static Command Create()
    {
        Command command = new("diff", "Say where the disks of two restore points differ.") { Before, After };
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        BackupRepository repository = await context.OpenAsync(token);
        List<RestorePoint> points = await repository.ListShownPointsAsync(token);
        IReadOnlyList<DiskDifference> disks = await context.NewEngine(repository).DiffAsync(
            PointSelector.Find(points, context.Parsed.GetRequiredValue(Before)),
            PointSelector.Find(points, context.Parsed.GetRequiredValue(After)),
            token);
        if (context.IsJson)
        {
            JsonOutput.Write(json => json.WriteArray("disks", disks, (item, disk) =>
            {
                item.WriteString("disk", disk.Disk);
                item.WriteArray("ranges", disk.Ranges, (inner, range) =>
                {
                    inner.WriteNumber("offset", range.StartBytes);
                    inner.WriteNumber("length", range.LengthBytes);
                });
            }));
            return ExitCodes.Done;
        }

        foreach (DiskDifference disk in disks)
        {
            long bytes = disk.Ranges.Sum(range => range.LengthBytes);
            Console.WriteLine($"{disk.Disk}: {disk.Ranges.Count} ranges, {SizeText.Format(bytes)} in whole chunks.");
            foreach (ByteRange range in disk.Ranges)
            {
                Console.WriteLine($"  {range.StartBytes} {range.LengthBytes}");
            }
        }

        return ExitCodes.Done;
    }
}
