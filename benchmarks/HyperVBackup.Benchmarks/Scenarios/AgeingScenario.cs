using System.Text.Json;
using HyperVBackup.Benchmarks.Scenarios.Reports;

namespace HyperVBackup.Benchmarks.Scenarios;

/// <summary>Whether the newest point of a long history restores as fast as a fresh full of the same disk, from the page
/// cache and from the disk, before and after it was stored anew in disk order; and whether predictions hold.</summary>
internal sealed class AgeingScenario(ScenarioOptions options, Corpus corpus, TextWriter output)
{
    private const string Fresh = "fresh";
    private const string Aged = "aged";
    private const int Seed = 50;
    private const double ChangedShare = 0.01;
    private const double RatioMin = 0.9;
    private const double PredictionErrorMax = 0.25;

    private readonly MarkdownTable table = new(
        "newest point", "read from", "reads a MiB", "records a chunk", "fresh full s", "this s", "speed, this / fresh",
        "the same in processor time", "predicted s, fresh", "predicted s, this", "predicted / measured");

    private readonly List<Goal> goals = [];

    private int IncrementalCount => options.IsQuick ? 10 : 50;

    private string Folder => Path.Combine(options.WorkFolder, "ageing");

    private string Disk => Path.Combine(Folder, "disk.raw");

    private string Restored => Path.Combine(Folder, "restored.raw");

    public void Run()
    {
        Directory.CreateDirectory(Folder);
        MeasuredProcess.Do("cp", "--sparse=always", corpus.RawOf("a0"), Disk);
        double incrementalSeconds = MakeHistory();
        Measure(Fresh, "init");
        Measure(Fresh, "backup", "--vm", "a", "--disk", Disk);
        string aged = $"after {IncrementalCount} incrementals";
        Compare(aged, isCold: false);
        Compare(aged, isCold: true);
        Measurement rewrite = Measure(Aged, "synthesize", "--vm", "a", "--sequential");
        Compare("then --sequential", isCold: false);
        Compare("then --sequential", isCold: true);
        output.WriteLine(
            $"### Restore after {IncrementalCount} incrementals (median {Text.Seconds(incrementalSeconds)} s), each "
            + $"with one page changed in {ChangedShare:P0} of the chunks");
        output.WriteLine();
        table.WriteTo(output);
        output.WriteLine(
            $"`synthesize --sequential` took {Text.Seconds(rewrite.Seconds)} s and at most "
            + $"{rewrite.PeakMemoryBytes >> 20} MiB of memory.");
        output.WriteLine();
        Goal.Write(output, goals);
        Directory.Delete(Folder, recursive: true);
    }

    /// <returns>The median time of an incremental, in seconds.</returns>
    private double MakeHistory()
    {
        ScatteredChanges changes = new(Disk, Seed);
        string ranges = Path.Combine(Folder, "ranges.json");
        changes.Make(0, "none", "0", ranges);
        Measure(Aged, "init");
        Measure(Aged, "backup", "--vm", "a", "--disk", Disk, "--changes", ranges);
        List<double> seconds = [];
        for (int number = 1; number <= IncrementalCount; number++)
        {
            changes.Make(ChangedShare, $"{number - 1}", $"{number}", ranges);
            seconds.Add(Measure(Aged, "backup", "--vm", "a", "--disk", Disk, "--changes", ranges).Seconds);
        }

        return SeriesResults.MedianOf(seconds);
    }

    /// <summary>Predicts and restores both by turns, and adds a line and its goals.</summary>
    private void Compare(string what, bool isCold)
    {
        List<(AgeingRun Fresh, AgeingRun Aged)> runs = [];
        for (int run = 0; run < options.RunCount; run++)
        {
            runs.Add((Restore(Fresh, isCold), Restore(Aged, isCold)));
            Console.Error.WriteLine($"{what}, {(isCold ? "cold" : "page cache")}: {runs[^1]}");
        }

        double Median(Func<(AgeingRun Fresh, AgeingRun Aged), double> figure) =>
            SeriesResults.MedianOf(runs.Select(figure));

        double ratio = Median(run => run.Fresh.Seconds / run.Aged.Seconds);
        double prediction = Median(run => run.Aged.PredictedSeconds / run.Aged.Seconds);
        (double readsPerMiB, double recordsPerChunk) = Fragmentation();
        string from = isCold ? "disk" : "page cache";
        table.Add(
            what, from, Text.Ratio(readsPerMiB), Text.Ratio(recordsPerChunk),
            Text.Seconds(Median(run => run.Fresh.Seconds)), Text.Seconds(Median(run => run.Aged.Seconds)),
            Text.Ratio(ratio), Text.Ratio(Median(run => run.Fresh.ProcessorSeconds / run.Aged.ProcessorSeconds)),
            Text.Seconds(Median(run => run.Fresh.PredictedSeconds)),
            Text.Seconds(Median(run => run.Aged.PredictedSeconds)), Text.Ratio(prediction));
        goals.Add(Goal.AtLeast($"{what}, from {from}: restore speed / fresh full's", ratio, RatioMin));
        goals.Add(Goal.AtMost(
            $"{what}, from {from}: error of the prediction", Math.Abs(prediction - 1), PredictionErrorMax));
    }

    private AgeingRun Restore(string repository, bool isCold)
    {
        Prepare(repository, isCold);
        double predicted = Point(repository, "--into", Folder).GetProperty("predictedSeconds").GetDouble();
        Prepare(repository, isCold);
        Measurement measured = Measure(repository, "restore", "a@latest", "--output", Restored, "--format", "raw");
        MeasuredProcess.Do("cmp", Disk, Restored);
        File.Delete(Restored);
        return new AgeingRun(measured.Seconds, measured.ProcessorSeconds, predicted);
    }

    private void Prepare(string repository, bool isCold)
    {
        MeasuredProcess.Flush(Folder);
        if (isCold)
        {
            CachedFiles.Drop(Path.Combine(Folder, repository));
        }
    }

    private (double ReadsPerMiB, double RecordsPerChunk) Fragmentation()
    {
        JsonElement point = Point(Aged, "a@latest");
        return (point.GetProperty("readsPerMiB").GetDouble(), point.GetProperty("recordsPerChunk").GetDouble());
    }

    private JsonElement Point(string repository, params string[] arguments)
    {
        using JsonDocument json = JsonDocument.Parse(Measure(repository, ["stats", .. arguments]).Output);
        return json.RootElement.GetProperty("points")[0].Clone();
    }

    private Measurement Measure(string repository, params string[] arguments) => MeasuredProcess.Run(
        options.Program, [.. arguments, "--json"], new Dictionary<string, string>
        {
            ["HVBACKUP_STATE"] = Path.Combine(Folder, repository, "state"),
            ["HVBACKUP_REPOSITORY"] = Path.Combine(Folder, repository, "repository"),
        });
}
