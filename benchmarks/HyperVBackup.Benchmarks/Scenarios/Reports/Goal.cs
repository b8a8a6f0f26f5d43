namespace HyperVBackup.Benchmarks.Scenarios.Reports;

/// <summary>Something to be reached, and what was measured; not a number where nothing was.</summary>
internal readonly record struct Goal(string Name, double Measured, bool IsMinimum, double Limit)
{
    public static Goal AtLeast(string name, double measured, double limit) => new(name, measured, true, limit);

    public static Goal AtMost(string name, double measured, double limit) => new(name, measured, false, limit);

    public bool IsMet => IsMinimum ? Measured >= Limit : Measured <= Limit;

    public static void Write(TextWriter output, IEnumerable<Goal> goals)
    {
        MarkdownTable table = new("goal", "limit", "measured", "");
        foreach (Goal goal in goals)
        {
            table.Add(
                goal.Name, $"{(goal.IsMinimum ? "≥" : "≤")} {Text.Ratio(goal.Limit)}", Text.Ratio(goal.Measured),
                double.IsNaN(goal.Measured) ? "not measured" : goal.IsMet ? "met" : "NOT MET");
        }

        table.WriteTo(output);
    }
}
