using System.Globalization;

namespace HyperVBackup.Benchmarks.Collect;

/// <summary>What <c>collect</c> is asked to measure.</summary>
internal sealed record CollectOrder
{
    public int ChunkCount { get; private init; } = 2_000_000;

    public int PointCount { get; private init; } = 200;

    public int DiskCount { get; private init; } = 20;

    public long MemoryBytes { get; private init; } = 1L << 30;

    public string Folder { get; private init; } = Path.Join(Path.GetTempPath(), "hvbackup-collect-benchmark");

    /// <summary>The one step to do in this process; null for all, each in its own.</summary>
    public string? Step { get; private init; }

    /// <exception cref="ArgumentException">An argument is not known or lacks its value.</exception>
    public static CollectOrder Parse(ReadOnlySpan<string> arguments)
    {
        CollectOrder order = new();
        for (; arguments.Length >= 2; arguments = arguments[2..])
        {
            string value = arguments[1];
            order = arguments[0] switch
            {
                "--chunks" => order with { ChunkCount = Number(value) },
                "--points" => order with { PointCount = Number(value) },
                "--disks" => order with { DiskCount = Number(value) },
                "--memory-mib" => order with { MemoryBytes = (long)Number(value) << 20 },
                "--folder" => order with { Folder = value },
                "--step" => order with { Step = value },
                _ => throw new ArgumentException($"'{arguments[0]}' is not understood."),
            };
        }

        return arguments.IsEmpty ? order : throw new ArgumentException($"'{arguments[0]}' lacks its value.");
    }

    public string[] ArgumentsOf(string step) =>
    [
        "collect", "--step", step, "--folder", Folder,
        "--chunks", Text(ChunkCount), "--points", Text(PointCount), "--disks", Text(DiskCount),
        "--memory-mib", Text(MemoryBytes >> 20),
    ];

    private static int Number(string text) =>
        int.Parse(text, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
