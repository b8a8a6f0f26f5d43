namespace HyperVBackup.Benchmarks.Scenarios.Reports;

/// <summary>The tables of the series.</summary>
internal sealed class SeriesReport(SeriesResults results, TextWriter output)
{
    private const string Ours = "hvbackup lz4";
    private const string OursZstd = "hvbackup zstd";
    private const string Roofline = "roofline";
    private const string Borg = "borg lz4";
    private const string Restic = "restic zstd";

    public void Write()
    {
        output.WriteLine("### Wall time in seconds, growth of the repository in MiB");
        output.WriteLine();
        WriteTable(Step.All, TimeAndGrowth);
        output.WriteLine("### Wall time until everything written is on the disk, in seconds");
        output.WriteLine();
        WriteTable(Step.DataSteps, (tool, step) =>
            Seconds(tool, step, measured => measured.Seconds + measured.FlushSeconds));
        output.WriteLine("### Time of processors in seconds");
        output.WriteLine();
        WriteTable(Step.All, (tool, step) => Seconds(tool, step, measured => measured.ProcessorSeconds));
        output.WriteLine("### Peak memory in MiB");
        output.WriteLine();
        WriteTable(Step.All, (tool, step) => MiB(PeakBytes(tool, step)), tool => tool != Roofline);
        WriteRoofline();
        WriteUnits();
        WriteStored();
        output.WriteLine("### Goals");
        output.WriteLine();
        Goal.Write(output, [.. RooflineGoals(), .. SpeedGoals(), .. SizeGoals()]);
    }

    private void WriteTable(
        IEnumerable<Step> steps, Func<string, Step, string> cell, Func<string, bool>? isShown = null)
    {
        string[] tools = [.. results.Tools.Where(tool => isShown is null || isShown(tool))];
        MarkdownTable table = new(["", .. tools]);
        foreach (Step step in steps)
        {
            table.Add([step.Title, .. tools.Select(tool => cell(tool, step))]);
        }

        table.WriteTo(output);
    }

    private string TimeAndGrowth(string tool, Step step)
    {
        string seconds = Text.Seconds(results.Seconds(tool, step));
        return step.Kind == StepKind.Backup && seconds != Text.None
            ? $"{seconds}, +{MiB(results.GrowthBytes(tool, step))}"
            : seconds;
    }

    private void WriteRoofline()
    {
        output.WriteLine("### Against the roofline: the same bytes through the same primitives without a repository");
        output.WriteLine();
        MarkdownTable table = new(
            "", "roofline s", "hvbackup s", "ratio", "ratio without the program's start", "ratio of processor times");
        double start = results.Seconds(Ours, Step.Start);
        foreach (Step step in Step.DataSteps)
        {
            (double limit, double seconds) = (results.Seconds(Roofline, step), results.Seconds(Ours, step));
            double ofProcessors = results.Median(Roofline, step, measured => measured.ProcessorSeconds)
                / results.Median(Ours, step, measured => measured.ProcessorSeconds);
            table.Add(
                step.Title, Text.Seconds(limit), Text.Seconds(seconds),
                Text.Ratio(results.SecondsRatio(Roofline, Ours, step)), Text.Ratio(limit / (seconds - start)),
                Text.Ratio(ofProcessors));
        }

        table.WriteTo(output);
    }

    private void WriteUnits()
    {
        output.WriteLine("### Cost of each changed chunk or entry, the start of the program included");
        output.WriteLine();
        MarkdownTable table = new("", "seconds", "chunks", "µs each");
        foreach (Step step in (Step[])[Step.Synthesize, Step.RebuildIndex])
        {
            double seconds = results.Seconds(Ours, step);
            double count = results.Median(Ours, step, measured => measured.UnitCount);
            table.Add(
                step.Title, Text.Seconds(seconds), Text.Format(count, "F0"), Text.Format(1e6 * seconds / count, "F1"));
        }

        table.WriteTo(output);
    }

    private void WriteStored()
    {
        output.WriteLine("### Stored in all after the backups, in MiB, all files of the repository");
        output.WriteLine();
        MarkdownTable table = new([.. results.Tools]);
        table.Add([.. results.Tools.Select(tool => MiB(results.StoredBytes(tool)))]);
        table.WriteTo(output);
    }

    private IEnumerable<Goal> RooflineGoals() => Step.DataSteps.Select(step => Goal.AtLeast(
        $"{step.Title}: roofline / hvbackup", results.SecondsRatio(Roofline, Ours, step), 0.9));

    private IEnumerable<Goal> SpeedGoals() =>
    [
        Goal.AtLeast("first full: borg / hvbackup", Speed(Borg, Step.Full), 2),
        Goal.AtLeast("first full: restic / hvbackup", Speed(Restic, Step.Full), 3),
        Goal.AtLeast(
            "tracked quiet day: best peer / hvbackup",
            Math.Min(Speed(Borg, Step.QuietDay), Speed(Restic, Step.QuietDay)), 10),
        Goal.AtMost(
            "recovery: hvbackup / reading and hashing", results.SecondsRatio(Ours, Roofline, Step.Recovery), 1.3),
        Goal.AtLeast("restore: borg / hvbackup", Speed(Borg, Step.Restore), 2),
        Goal.AtLeast("verify: borg / hvbackup", Speed(Borg, Step.Verify), 5),
        Goal.AtMost(
            "peak memory of any verb, MiB",
            Step.All.Max(step => PeakBytes(Ours, step)) / (1 << 20), 200),
    ];

    private IEnumerable<Goal> SizeGoals() =>
    [
        Goal.AtMost("quiet day: growth of hvbackup / borg", Growth(Step.QuietDay, Borg), 0.35),
        Goal.AtMost("packages reinstalled: growth of hvbackup / borg", Growth(Step.Packages, Borg), 0.25),
        Goal.AtMost("independent install: growth of hvbackup / restic", Growth(Step.Independent, Restic), 0.35),
        Goal.AtMost("series: hvbackup lz4 / borg lz4", results.StoredBytes(Ours) / results.StoredBytes(Borg), 0.75),
        Goal.AtMost(
            "series: hvbackup zstd / restic zstd", results.StoredBytes(OursZstd) / results.StoredBytes(Restic), 0.75),
    ];

    private double Speed(string peer, Step step) => results.SecondsRatio(peer, Ours, step);

    private double Growth(Step step, string peer) =>
        results.GrowthBytes(Ours, step) / results.GrowthBytes(peer, step);

    private double PeakBytes(string tool, Step step) =>
        results.Median(tool, step, measured => measured.PeakMemoryBytes);

    private string Seconds(string tool, Step step, Func<Measurement, double> of) =>
        Text.Seconds(results.Median(tool, step, of));

    private static string MiB(double bytes) => Text.Format(bytes / (1 << 20), "F1");
}
