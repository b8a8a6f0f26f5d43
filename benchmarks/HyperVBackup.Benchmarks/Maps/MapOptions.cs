using System.Globalization;

namespace HyperVBackup.Benchmarks.Maps;

/// <summary>What <c>maps</c> is asked to measure.</summary>
internal sealed record MapOptions
{
    /// <summary>The disk's size; its map has 16,384 chunks a GiB.</summary>
    public int DiskGiB { get; init; } = 1024;

    /// <summary>Incrementals between the full and the synthetic full.</summary>
    public int ListCount { get; init; } = 24;

    /// <summary>How often each synthetic full is made.</summary>
    public int RunCount { get; init; } = 5;

    /// <summary>For the repository; what is in it is removed at the end.</summary>
    public string WorkFolder { get; init; } = Path.Combine("artifacts", "maps");

    /// <exception cref="ArgumentException">An argument is not known or lacks its value.</exception>
    public static MapOptions Parse(ReadOnlySpan<string> arguments)
    {
        MapOptions options = new();
        for (; arguments.Length >= 2; arguments = arguments[2..])
        {
            options = options.With(arguments[0], arguments[1]);
        }

        return arguments.IsEmpty ? options : throw new ArgumentException($"'{arguments[0]}' lacks its value.");
    }

    private MapOptions With(string name, string value) => name switch
    {
        "--disk-gib" => this with { DiskGiB = Number(value) },
        "--lists" => this with { ListCount = Number(value) },
        "--runs" => this with { RunCount = Number(value) },
        "--work" => this with { WorkFolder = value },
        _ => throw new ArgumentException($"'{name} {value}' is not known; see benchmarks/README.md."),
    };

    private static int Number(string value) => int.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture);
}
