using System.Text.Json;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;

namespace HyperVBackup.Cli.Output;

/// <summary>How the result of a backup is shown.</summary>
internal static class BackupReportOutput
{
    /// <summary>The fields of the document, or of one of several.</summary>
    public static void WriteJson(Utf8JsonWriter json, BackupReport report)
    {
        RestorePoint point = report.Point;
        json.WriteString("restorePoint", point.Id.ToString());
        json.WriteString("vm", point.VmName.Text);
        json.WriteString("kind", Words.Of(point.Kind));
        json.WriteNumber("hitsReread", report.HitsReread);
        json.WriteArray("disks", point.Disks.Zip(report.BytesResumed), (item, pair) =>
        {
            (DiskPoint disk, long bytesResumed) = pair;
            item.WriteString("disk", disk.Name);
            item.WriteString("kind", Words.Of(disk.Kind));
            item.WriteNumber("virtualSize", disk.VirtualSizeBytes);
            item.WriteNumber("bytesRead", disk.Statistics.BytesRead);
            item.WriteNumber("bytesAudited", disk.Statistics.BytesAudited);
            item.WriteNumber("bytesChanged", disk.Statistics.BytesChanged);
            item.WriteNumber("chunksNew", disk.Statistics.ChunksNew);
            item.WriteNumber("bytesNew", disk.Statistics.BytesNew);
            item.WriteNumber("bytesStored", disk.Statistics.BytesStored);
            item.WriteString("root", disk.Root.ToString());
            if (disk.LostReason.Length > 0)
            {
                item.WriteString("lostReason", disk.LostReason);
            }

            if (bytesResumed > 0)
            {
                item.WriteNumber("bytesResumed", bytesResumed);
            }

            AuditText.Write(item, disk, FindingOf(report, disk));
        });
    }

    public static void WriteText(BackupReport report)
    {
        RestorePoint point = report.Point;
        Console.WriteLine($"Restore point {point.Id} of {point.VmName}: {Words.Of(point.Kind)}.");
        foreach ((DiskPoint disk, long bytesResumed) in point.Disks.Zip(report.BytesResumed))
        {
            DiskStatistics counts = disk.Statistics;
            string audited = counts.BytesAudited > 0 ? $" and audited {SizeText.Format(counts.BytesAudited)}" : "";
            Console.WriteLine(
                $"  {disk.Name}: {Words.Of(disk.Kind)}, read {SizeText.Format(counts.BytesRead)}{audited}, "
                + $"changed {SizeText.Format(counts.BytesChanged)}, new {SizeText.Format(counts.BytesNew)}, "
                + $"stored {SizeText.Format(counts.BytesStored)}.");
            if (disk.LostReason.Length > 0)
            {
                Console.WriteLine($"    Compared by checksum: {disk.LostReason}.");
            }

            if (bytesResumed > 0)
            {
                Console.WriteLine(
                    $"    Went on with an interrupted backup: {SizeText.Format(bytesResumed)} were not read again.");
            }

            foreach (string line in AuditText.Of(disk, FindingOf(report, disk)))
            {
                Console.WriteLine($"    {line}");
            }
        }

        if (report.HitsReread > 0)
        {
            Console.WriteLine($"  Of the records relied on, {report.HitsReread} were read again.");
        }
    }

    private static AuditFinding? FindingOf(BackupReport report, DiskPoint disk) =>
        report.Findings.FirstOrDefault(finding => finding.Disk == disk.Name);
}
