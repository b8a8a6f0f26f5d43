using System.CommandLine;
using HyperVBackup.Cli.Output;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Points;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>list</c>: shows the restore points.</summary>
internal static class ListCommand
{
    private static readonly Option<string?> Vm = new("--vm")
    {
        Description = "Only those of one VM, by name or GUID.",
        HelpName = "VM",
    };

    public static Command Create()
    {
        Command command = new("list", "Show the restore points.") { Vm };
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        BackupRepository repository = await context.OpenAsync(token);
        List<RestorePoint> points = await repository.ListPointsAsync(token);
        if (context.Parsed.GetValue(Vm) is string vm)
        {
            points = PointSelector.FindVm(points, vm);
        }

        if (context.IsJson)
        {
            WriteJson(points);
        }
        else
        {
            WriteText(points);
        }

        return ExitCodes.Done;
    }

    private static void WriteJson(List<RestorePoint> points) => JsonOutput.Write(json =>
        json.WriteArray("restorePoints", points, (item, point) =>
        {
            item.WriteString("id", point.Id.ToString());
            item.WriteString("vm", point.VmName.Text);
            item.WriteNumber("sequence", point.Sequence);
            item.WriteString("time", Words.Of(point.Time));
            item.WriteString("kind", Words.Of(point.Kind));
            item.WriteArray("disks", point.Disks, (inner, disk) =>
            {
                inner.WriteString("disk", disk.Name);
                inner.WriteString("kind", Words.Of(disk.Kind));
                inner.WriteNumber("virtualSize", disk.VirtualSizeBytes);
                inner.WriteString("root", disk.Root.ToString());
                if (disk.TrackingId is not null)
                {
                    inner.WriteString("trackingId", disk.TrackingId);
                }
            });
        }));

    private static void WriteText(List<RestorePoint> points)
    {
        if (points.Count == 0)
        {
            Console.WriteLine("No restore points yet; 'backup' makes one.");
            return;
        }

        TextTable table = new("ID", "VM", "#", "TIME (UTC)", "KIND", "DISKS");
        foreach (RestorePoint point in points)
        {
            table.Add(
                point.Id.ToString(), point.VmName.Text, $"{point.Sequence}",
                $"{point.Time.UtcDateTime:yyyy-MM-dd HH:mm:ss}", Words.Of(point.Kind),
                string.Join(", ", point.Disks.Select(disk => $"{disk.Name} {SizeText.Format(disk.VirtualSizeBytes)}")));
        }

        table.WriteToConsole();
    }
}
