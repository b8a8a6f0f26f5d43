using System.Text.Json;
using HyperVBackup.Cli.Hosting;
using HyperVBackup.Format.Points;
using HyperVBackup.Hosts.Containers;

namespace HyperVBackup.Cli.Output;

/// <summary>How it is shown what became of the machines of a host.</summary>
internal static class HostOutcomeOutput
{
    /// <param name="isOne">Whether one machine was asked for by name: its result is the document, as of any backup.
    /// </param>
    public static void Write(
        CommandContext context, HostAccess host, HostTargets targets, List<HostOutcome> outcomes, bool isOne)
    {
        foreach (HostOutcome outcome in outcomes.Where(outcome => outcome.Failure is not null))
        {
            Surroundings.Current.Errors.WriteLine($"hvbackup: '{outcome.Target.Name}': {outcome.Failure}");
        }

        foreach (NodeInventory node in targets.Silent)
        {
            Surroundings.Current.Errors.WriteLine(
                $"hvbackup: {node.Node} does not tell its machines, so that none of it was backed up: "
                + Failures.Closed(node.Silence ?? ""));
        }

        if (context.IsJson)
        {
            JsonOutput.Write(json => WriteJson(json, host, targets, outcomes, isOne));
        }
        else
        {
            WriteText(targets, outcomes);
        }
    }

    private static void WriteJson(
        Utf8JsonWriter json, HostAccess host, HostTargets targets, List<HostOutcome> outcomes, bool isOne)
    {
        if (isOne && outcomes is [{ Report: { } one }])
        {
            BackupReportOutput.WriteJson(json, one);
        }

        json.WriteString("host", host.Name);
        json.WriteArray("machines", outcomes, (item, outcome) =>
        {
            item.WriteString(outcome.Target.IsGroup ? "group" : "machine", outcome.Target.Name);
            item.WriteString("id", outcome.Target.Id?.ToString("D"));
            item.WriteString("node", outcome.Target.Node);
            item.WriteString("result", outcome.Report is null ? "failed" : "done");
            if (outcome.Report is { } report)
            {
                BackupReportOutput.WriteJson(item, report);
            }
            else
            {
                item.WriteString("error", outcome.Failure);
            }
        });
        json.WriteArray("absent", targets.Absent, (item, member) =>
        {
            item.WriteString("machine", member.Name);
            item.WriteString("id", member.Id.ToString("D"));
            item.WriteString("node", member.Node);
        });
        WriteSilent(json, targets.Silent);
    }

    public static void WriteSilent(Utf8JsonWriter json, IEnumerable<NodeInventory> silent) =>
        json.WriteArray("silentNodes", silent, (item, node) =>
        {
            item.WriteString("node", node.Node);
            item.WriteString("error", node.Silence);
        });

    private static void WriteText(HostTargets targets, List<HostOutcome> outcomes)
    {
        using StreamWriter output = new(Surroundings.Current.OpenOutput(), Console.Out.Encoding);
        TextTable table = new("MACHINE", "NODE", "RESULT", "POINT", "READ", "CHANGED", "STORED");
        foreach (HostOutcome outcome in outcomes)
        {
            RestorePoint? point = outcome.Report?.Point;
            table.Add(
                outcome.Target.IsGroup ? $"{outcome.Target.Name} (group)" : outcome.Target.Name, outcome.Target.Node,
                point is null ? "FAILED" : Words.Of(point.Kind),
                point?.Id.ToString() ?? "", Sum(point, counts => counts.BytesRead),
                Sum(point, counts => counts.BytesChanged), Sum(point, counts => counts.BytesStored));
        }

        foreach (ContainerMember member in targets.Absent)
        {
            table.Add(member.Name, member.Node, "not there now", "", "", "", "");
        }

        table.WriteTo(output);
        foreach (HostOutcome outcome in outcomes)
        {
            foreach (DiskPoint disk in outcome.Report?.Point.Disks ?? [])
            {
                if (disk.LostReason.Length > 0)
                {
                    output.WriteLine(
                        $"{outcome.Target.Name} {disk.Name}: compared by checksum: {disk.LostReason}.");
                }
            }
        }

        int failed = outcomes.Count(outcome => outcome.Report is null);
        string what = outcomes.Exists(outcome => outcome.Target.IsGroup) ? "machines and groups" : "machines";
        output.WriteLine($"{outcomes.Count - failed} of {outcomes.Count} {what} were backed up.");
    }

    private static string Sum(RestorePoint? point, Func<DiskStatistics, long> count) =>
        Words.OfSize(point?.Disks.Sum(disk => count(disk.Statistics)));
}
