namespace HyperVBackup.Benchmarks.Scenarios;

/// <summary>All measurements of a series.</summary>
internal sealed class SeriesResults(IReadOnlyList<string> tools)
{
    private readonly Dictionary<(string Tool, Step Step), List<Measurement>> measurements = [];

    /// <summary>The heads of the columns, in their order.</summary>
    public IReadOnlyList<string> Tools { get; } = tools;

    public void Add(string tool, Step step, Measurement measurement)
    {
        if (!measurements.TryGetValue((tool, step), out List<Measurement>? list))
        {
            measurements.Add((tool, step), list = []);
        }

        list.Add(measurement);
    }

    /// <returns>The median over the runs; not a number where there is none.</returns>
    public double Median(string tool, Step step, Func<Measurement, double> of) =>
        measurements.TryGetValue((tool, step), out List<Measurement>? list) ? MedianOf(list.Select(of)) : double.NaN;

    public double Seconds(string tool, Step step) => Median(tool, step, measured => measured.Seconds);

    public double GrowthBytes(string tool, Step step) => Median(tool, step, measured => measured.GrowthBytes);

    /// <returns>The sum over all backups.</returns>
    public double StoredBytes(string tool) => Step.Backups.Sum(step => GrowthBytes(tool, step));

    /// <returns>The median of the ratios within each run, which is steadier than the ratio of medians where the
    /// machine is not; not a number where one of the two has none.</returns>
    public double SecondsRatio(string dividendTool, string divisorTool, Step step)
    {
        if (!measurements.TryGetValue((dividendTool, step), out List<Measurement>? dividends)
            || !measurements.TryGetValue((divisorTool, step), out List<Measurement>? divisors))
        {
            return double.NaN;
        }

        return MedianOf(dividends.Zip(divisors, (dividend, divisor) => dividend.Seconds / divisor.Seconds));
    }

    public static double MedianOf(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
