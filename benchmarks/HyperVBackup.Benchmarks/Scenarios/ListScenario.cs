using System.Text.Json;
using HyperVBackup.Benchmarks.Scenarios.Reports;

namespace HyperVBackup.Benchmarks.Scenarios;

/// <summary>How long <c>list</c> takes with many restore points, once it has been run before.</summary>
internal sealed class ListScenario(ScenarioOptions options, TextWriter output)
{
    private const int PointCount = 10_000;
    private const int DiskSizeBytes = 1 << 20;
    private const int RunCount = 5;

    private readonly Dictionary<string, string> environment = [];

    public void Run()
    {
        string folder = Path.Combine(options.WorkFolder, "list");
        string repository = Path.Combine(folder, "repository");
        Directory.CreateDirectory(folder);
        environment["HVBACKUP_STATE"] = Path.Combine(folder, "state");
        environment["HVBACKUP_REPOSITORY"] = repository;
        string disk = Path.Combine(folder, "disk.raw");
        byte[] bytes = new byte[DiskSizeBytes];
        new Random(1).NextBytes(bytes);
        File.WriteAllBytes(disk, bytes);
        Measure("init");
        using JsonDocument made = JsonDocument.Parse(Measure("backup", "--vm", "a", "--disk", disk).Output);
        PointCopies.Make(repository, made.RootElement.GetProperty("restorePoint").GetString()!, PointCount);
        Measurement first = Measure("list");
        Measurement[] later = [.. Enumerable.Range(0, RunCount).Select(_ => Measure("list"))];
        Write(first, later);
        Directory.Delete(folder, recursive: true);
    }

    private void Write(Measurement first, Measurement[] later)
    {
        double seconds = SeriesResults.MedianOf(later.Select(measured => measured.Seconds));
        output.WriteLine($"### list with {PointCount} restore points");
        output.WriteLine();
        MarkdownTable table = new("first time s", "later s", "later, processors s", "later, peak memory MiB");
        table.Add(
            Text.Seconds(first.Seconds), Text.Seconds(seconds),
            Text.Seconds(SeriesResults.MedianOf(later.Select(measured => measured.ProcessorSeconds))),
            Text.Format(later.Max(measured => measured.PeakMemoryBytes) / (double)(1 << 20), "F1"));
        table.WriteTo(output);
        Goal.Write(output, [Goal.AtMost("list with 10,000 points, seconds", seconds, 0.15)]);
    }

    private Measurement Measure(params string[] arguments) =>
        MeasuredProcess.Run(options.Program, [.. arguments, "--json"], environment);
}
