using System.CommandLine;
using HyperVBackup.Cli.Output;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Pins;
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
        List<RestorePoint> points = await repository.ListShownPointsAsync(token);
        if (context.Parsed.GetValue(Vm) is string vm)
        {
            points = PointSelector.FindVm(points, vm);
        }

        PointLocks locks = await new PointPins(repository).ReadAsync(token);
        if (context.IsJson)
        {
            WriteJson(points, locks, context);
        }
        else
        {
            WriteText(points, locks, context);
        }

        return ExitCodes.Done;
    }

    private static void WriteJson(
        List<RestorePoint> points, PointLocks locks, CommandContext context) => JsonOutput.Write(json =>
        json.WriteArray("restorePoints", points, (item, point) =>
        {
            item.WriteString("id", point.Id.ToString());
            item.WriteString("vm", point.VmName.Text);
            item.WriteNumber("sequence", point.Sequence);
            item.WriteString("time", Words.Of(point.Time));
            item.WriteString("kind", Words.Of(point.Kind));
            item.WriteBoolean("pinned", IsPinned(locks, point));
            PinText.WriteUntil(item, PinText.ImmutableUntil(locks, point.Id, context));
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

                if (disk.Audit.Trust == SourceTrust.Distrusted)
                {
                    inner.WriteBoolean("sourceTrusted", false);
                }
            });
        }));

    private static void WriteText(List<RestorePoint> points, PointLocks locks, CommandContext context)
    {
        if (points.Count == 0)
        {
            Console.WriteLine("No restore points yet; 'backup' makes one.");
            return;
        }

        TextTable table = new("ID", "VM", "#", "TIME (UTC)", "KIND", "DISKS", "KEPT");
        foreach (RestorePoint point in points)
        {
            table.Add(
                point.Id.ToString(), point.VmName.Text, $"{point.Sequence}",
                $"{point.Time.UtcDateTime:yyyy-MM-dd HH:mm:ss}", Words.Of(point.Kind),
                string.Join(", ", point.Disks.Select(disk => $"{disk.Name} {SizeText.Format(disk.VirtualSizeBytes)}")),
                PinText.Of(IsPinned(locks, point), PinText.ImmutableUntil(locks, point.Id, context)));
        }

        table.WriteToConsole();
    }

    /// <summary>A pin that cannot be read holds as well.</summary>
    private static bool IsPinned(PointLocks locks, RestorePoint point) =>
        locks.Of(point.Id).Any(held => held.Kind is PointLockKind.Pinned or PointLockKind.Unreadable);
}
