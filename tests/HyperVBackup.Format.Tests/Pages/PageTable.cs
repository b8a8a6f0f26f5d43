using System.Globalization;

namespace HyperVBackup.Format.Tests.Pages;

/// <summary>A table of a page in repo-format/ whose rows begin with an offset, a size and a field.</summary>
internal sealed record PageTable(IReadOnlyList<PageTable.Row> Rows)
{
    private const string Heading = "| Offset | Size | Field |";

    /// <summary>The tables of a page, in order.</summary>
    public static IReadOnlyList<PageTable> ReadAll(string page)
    {
        List<PageTable> tables = [];
        List<Row>? rows = null;
        foreach (string line in File.ReadLines(PathOf(page)))
        {
            if (line.StartsWith(Heading, StringComparison.Ordinal))
            {
                tables.Add(new PageTable(rows = []));
            }
            else if (!line.StartsWith('|'))
            {
                rows = null;
            }
            else if (rows is not null && !line.StartsWith("|-", StringComparison.Ordinal))
            {
                rows.Add(Row.Read(line));
            }
        }

        return tables;
    }

    public static string PathOf(string page) =>
        Path.Combine(Vectors.VectorFolder.RepositoryRoot, "repo-format", page);

    /// <param name="Size">Null where it varies.</param>
    public sealed record Row(int Offset, int? Size, string Field)
    {
        public static Row Read(string line)
        {
            string[] cells = [.. line.Split('|').Skip(1).Select(cell => cell.Trim())];
            int? size = cells[1] == "…" ? null : int.Parse(cells[1], CultureInfo.InvariantCulture);
            return new Row(int.Parse(cells[0], CultureInfo.InvariantCulture), size, cells[2]);
        }
    }
}
