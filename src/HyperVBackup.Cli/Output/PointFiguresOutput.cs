using System.Globalization;
using System.Text.Json;
using HyperVBackup.Cli.Commands;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Proof;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Repository.Maintenance;

namespace HyperVBackup.Cli.Output;

/// <summary>How the figures of restore points are shown.</summary>
internal static class PointFiguresOutput
{
    private const string Unknown = "?";

    public static void WriteJson(Utf8JsonWriter json, List<PointFigures> figures) =>
        json.WriteArray("points", figures, (item, row) =>
        {
            item.WriteString("id", row.Point.Id.ToString());
            item.WriteString("vm", row.Point.VmName.Text);
            item.WriteString("time", Words.Of(row.Point.Time));
            if (row.Fragmentation is Fragmentation found)
            {
                item.WriteNumber("readsPerMiB", Math.Round(found.ReadsPerMiB, 3));
                item.WriteNumber("recordsPerChunk", Math.Round(found.RecordsPerChunk, 3));
                item.WriteBoolean("exact", found.IsExact);
            }

            if (row.Prediction is RestorePrediction predicted)
            {
                item.WriteNumber("predictedBytesPerSecond", (long)predicted.BytesPerSecond);
                item.WriteNumber("predictedSeconds", Math.Round(predicted.Duration.TotalSeconds, 3));
                item.WriteNumber("sampleBytes", predicted.SampleBytes);
            }

            if (row.Proofs.Count > 0)
            {
                item.WriteArray("disks", row.Proofs, AuditText.Write);
            }
        });

    public static void WriteText(List<PointFigures> figures, bool isPredicted)
    {
        if (figures.Count == 0)
        {
            return;
        }

        string[] heads = ["POINT", "VM", "TIME (UTC)", "READS/MIB", "RECORDS/CHUNK"];
        TextTable table = new(isPredicted ? [.. heads, "RESTORE, PREDICTED"] : heads);
        foreach (PointFigures row in figures)
        {
            RestorePoint point = row.Point;
            List<string> cells =
            [
                point.Id.ToString(), point.VmName.Text, $"{point.Time.UtcDateTime:yyyy-MM-dd HH:mm:ss}",
                Figure(row.Fragmentation?.ReadsPerMiB), Figure(row.Fragmentation?.RecordsPerChunk),
            ];
            if (isPredicted)
            {
                cells.Add(Text(row.Prediction));
            }

            table.Add([.. cells]);
        }

        Console.WriteLine();
        table.WriteToConsole();
        Console.WriteLine();
        foreach (PointFigures row in figures)
        {
            foreach (DiskProof proof in row.Proofs)
            {
                Console.WriteLine($"{row.Point.VmName} {proof.Disk.Name}: {AuditText.Of(proof)}");
            }
        }
    }

    private static string Figure(double? value) =>
        value?.ToString("F2", CultureInfo.InvariantCulture) ?? Unknown;

    private static string Text(RestorePrediction? prediction) => prediction is RestorePrediction found
        ? string.Create(
            CultureInfo.InvariantCulture,
            $"{SizeText.Format((long)found.BytesPerSecond)}/s, {found.Duration.TotalSeconds:F1} s")
        : Unknown;
}
