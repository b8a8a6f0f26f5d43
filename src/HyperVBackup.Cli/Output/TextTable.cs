using System.Text;

namespace HyperVBackup.Cli.Output;

/// <summary>Columns of plain text, aligned on the left, that also a script or a small terminal can show.</summary>
internal sealed class TextTable(params string[] header)
{
    private const string Gap = "  ";
    private const int BufferChars = 1 << 15;
    private readonly List<string[]> rows = [header];

    public void Add(params string[] cells) => rows.Add(cells);

    /// <summary>Writes to standard output, in large pieces: the console would send off every line by itself.</summary>
    public void WriteToConsole()
    {
        using StreamWriter output = new(Console.OpenStandardOutput(), Console.Out.Encoding, BufferChars);
        WriteTo(output);
    }

    public void WriteTo(TextWriter output)
    {
        int[] widths = new int[header.Length];
        foreach (string[] row in rows)
        {
            for (int column = 0; column < widths.Length; column++)
            {
                widths[column] = Math.Max(widths[column], row[column].Length);
            }
        }

        StringBuilder line = new();
        foreach (string[] row in rows)
        {
            line.Clear();
            for (int column = 0; column < widths.Length; column++)
            {
                line.Append(row[column]).Append(' ', widths[column] - row[column].Length).Append(Gap);
            }

            while (line.Length > 0 && line[^1] == ' ')
            {
                line.Length--;
            }

            output.WriteLine(line);
        }
    }
}
