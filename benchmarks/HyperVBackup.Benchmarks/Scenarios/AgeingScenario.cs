using HyperVBackup.Benchmarks.Scenarios.Reports;

namespace HyperVBackup.Benchmarks.Scenarios;

/// <summary>Whether the newest point of a long history restores as fast as a fresh full of the same disk, from the page
/// cache and from the disk.</summary>
internal sealed class AgeingScenario(ScenarioOptions options, Corpus corpus, TextWriter output)
{
    private const int Seed = 50;
    private const double ChangedShare = 0.01;
    private const double RatioMin = 0.9;

    private int IncrementalCount => options.IsQuick ? 10 : 50;

    private string Folder => Path.Combine(options.WorkFolder, "ageing");

    private string Disk => Path.Combine(Folder, "disk.raw");

    private string Restored => Path.Combine(Folder, "restored.raw");

    public void Run()
    {
        Directory.CreateDirectory(Folder);
        MeasuredProcess.Do("cp", "--sparse=always", corpus.RawOf("a0"), Disk);
        double incrementalSeconds = MakeHistory("aged");
        Measure("fresh", "init");
        Measure("fresh", "backup", "--vm", "a", "--disk", Disk);
        MarkdownTable table = new("", "fresh full s", $"after {IncrementalCount} incrementals s", "ratio");
        double warm = Compare(isCold: false, table);
        double cold = Compare(isCold: true, table);
        output.WriteLine(
            $"### Restore after {IncrementalCount} incrementals (median {Text.Seconds(incrementalSeconds)} s), each "
            + $"with one page changed in {ChangedShare:P0} of the chunks");
        output.WriteLine();
        table.WriteTo(output);
        Goal.Write(
            output,
            [
                Goal.AtLeast("restore speed, newest / fresh full, page cache", warm, RatioMin),
                Goal.AtLeast("restore speed, newest / fresh full, cold", cold, RatioMin),
            ]);
        Directory.Delete(Folder, recursive: true);
    }

    /// <returns>The median time of an incremental, in seconds.</returns>
    private double MakeHistory(string repository)
    {
        ScatteredChanges changes = new(Disk, Seed);
        string ranges = Path.Combine(Folder, "ranges.json");
        changes.Make(0, "none", "0", ranges);
        Measure(repository, "init");
        Measure(repository, "backup", "--vm", "a", "--disk", Disk, "--changes", ranges);
        List<double> seconds = [];
        for (int number = 1; number <= IncrementalCount; number++)
        {
            changes.Make(ChangedShare, $"{number - 1}", $"{number}", ranges);
            seconds.Add(Measure(repository, "backup", "--vm", "a", "--disk", Disk, "--changes", ranges).Seconds);
        }

        return SeriesResults.MedianOf(seconds);
    }

    /// <summary>Restores both by turns.</summary>
    /// <returns>The median ratio of their speeds.</returns>
    private double Compare(bool isCold, MarkdownTable table)
    {
        List<(double Fresh, double Aged)> runs = [];
        for (int run = 0; run < options.RunCount; run++)
        {
            runs.Add((Restore("fresh", isCold), Restore("aged", isCold)));
        }

        double ratio = SeriesResults.MedianOf(runs.Select(run => run.Fresh / run.Aged));
        table.Add(
            isCold ? "cold" : "page cache", Text.Seconds(SeriesResults.MedianOf(runs.Select(run => run.Fresh))),
            Text.Seconds(SeriesResults.MedianOf(runs.Select(run => run.Aged))), Text.Ratio(ratio));
        return ratio;
    }

    private double Restore(string repository, bool isCold)
    {
        MeasuredProcess.Flush(Folder);
        if (isCold)
        {
            CachedFiles.Drop(Path.Combine(Folder, repository));
        }

        double seconds =
            Measure(repository, "restore", "a@latest", "--output", Restored, "--format", "raw").Seconds;
        MeasuredProcess.Do("cmp", Disk, Restored);
        File.Delete(Restored);
        return seconds;
    }

    private Measurement Measure(string repository, params string[] arguments) => MeasuredProcess.Run(
        options.Program, [.. arguments, "--json"], new Dictionary<string, string>
        {
            ["HVBACKUP_STATE"] = Path.Combine(Folder, repository, "state"),
            ["HVBACKUP_REPOSITORY"] = Path.Combine(Folder, repository, "repository"),
        });
}
