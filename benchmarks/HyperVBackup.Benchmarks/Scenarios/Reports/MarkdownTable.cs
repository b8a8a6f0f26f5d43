namespace HyperVBackup.Benchmarks.Scenarios.Reports;

/// <summary>A table as Markdown, its columns as wide as what is in them.</summary>
internal sealed class MarkdownTable(params string[] heads)
{
    private readonly List<string[]> rows = [];

    /// <param name="cells">As many as there are heads.</param>
    public void Add(params string[] cells)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(cells.Length, heads.Length);
        rows.Add(cells);
    }

    public void WriteTo(TextWriter output)
    {
        int[] widths = [.. heads.Select((head, column) =>
            rows.Select(row => row[column].Length).Append(head.Length).Max())];
        Write(output, heads, widths);
        Write(output, [.. widths.Select(width => new string('-', width))], widths);
        rows.ForEach(row => Write(output, row, widths));
        output.WriteLine();
    }

    private static void Write(TextWriter output, string[] cells, int[] widths) =>
        output.WriteLine($"| {string.Join(" | ", cells.Select((cell, column) => cell.PadRight(widths[column])))} |");
}
