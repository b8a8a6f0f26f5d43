using System.Globalization;

namespace HyperVBackup.Benchmarks.Index;

/// <summary>What the command line asks for.</summary>
internal sealed record IndexOrder
{
    public long EntryCount { get; private init; } = 1_000_000;

    public long MemoryBytes { get; private init; } = 1L << 30;

    public string Folder { get; private init; } = Path.Join(Path.GetTempPath(), "hvbackup-index-benchmark");

    /// <summary>Whether the files are dropped from the system's cache before each step.</summary>
    public bool IsCold { get; private init; }

    /// <summary>The one step to do in this process; null for all, each in its own.</summary>
    public string? Step { get; private init; }

    public static IndexOrder Parse(ReadOnlySpan<string> arguments)
    {
        IndexOrder order = new();
        while (!arguments.IsEmpty)
        {
            order = arguments switch
            {
                ["--cold", ..] => order with { IsCold = true },
                ["--entries", string text, ..] => order with { EntryCount = Number(text) },
                ["--memory", string text, ..] => order with { MemoryBytes = Size(text) },
                ["--folder", string text, ..] => order with { Folder = text },
                ["--step", string text, ..] => order with { Step = text },
                _ => throw new ArgumentException($"'{arguments[0]}' is not understood."),
            };
            arguments = arguments[(arguments[0] == "--cold" ? 1 : 2)..];
        }

        return order;
    }

    public string[] ArgumentsOf(string step) =>
    [
        "index", "--step", step, "--folder", Folder,
        "--entries", EntryCount.ToString(CultureInfo.InvariantCulture),
        "--memory", MemoryBytes.ToString(CultureInfo.InvariantCulture),
    ];

    private static long Number(string text) =>
        long.Parse(text, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);

    private static long Size(string text) => text switch
    {
        [.. string count, 'G', 'i', 'B'] => Number(count) << 30,
        [.. string count, 'M', 'i', 'B'] => Number(count) << 20,
        _ => Number(text),
    };
}
