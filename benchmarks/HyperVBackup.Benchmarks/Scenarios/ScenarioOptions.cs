namespace HyperVBackup.Benchmarks.Scenarios;

/// <summary>What <c>scenarios</c> is asked to run, and where.</summary>
internal sealed record ScenarioOptions
{
    public const string Series = "series";
    public const string List = "list";
    public const string Ageing = "ageing";

    public static IReadOnlyList<string> Parts { get; } = [Series, List, Ageing];

    /// <summary>One run of everything, and a short history in the ageing of restores.</summary>
    public bool IsQuick { get; init; }

    /// <summary>How often each measurement is taken; medians are printed.</summary>
    public int RunCount { get; init; } = 3;

    /// <summary>Where the disks are; made there if they are not.</summary>
    public string CorpusFolder { get; init; } = Path.Combine("artifacts", "corpus");

    /// <summary>For repositories and restored disks; removed at the end.</summary>
    public string WorkFolder { get; init; } = Path.Combine("artifacts", "scenarios");

    /// <summary>The published program.</summary>
    public string Program { get; init; } = Path.Combine("artifacts", "hvbackup", "hvbackup");

    /// <summary>The parts to run.</summary>
    public IReadOnlyList<string> Only { get; init; } = Parts;

    /// <summary>How the names of the columns of the series begin, with hyphens for blanks; null for all.</summary>
    public IReadOnlyList<string>? Tools { get; init; }

    /// <exception cref="ArgumentException">An argument is not known or lacks its value.</exception>
    public static ScenarioOptions Parse(ReadOnlySpan<string> arguments)
    {
        ScenarioOptions options = new();
        while (!arguments.IsEmpty)
        {
            string name = arguments[0];
            arguments = arguments[1..];
            if (name == "--quick")
            {
                options = options with { IsQuick = true, RunCount = 1 };
                continue;
            }

            if (arguments.IsEmpty)
            {
                throw new ArgumentException($"'{name}' is not known, or lacks its value.");
            }

            options = options.With(name, arguments[0]);
            arguments = arguments[1..];
        }

        return options with
        {
            CorpusFolder = Path.GetFullPath(options.CorpusFolder),
            WorkFolder = Path.GetFullPath(options.WorkFolder),
            Program = Path.GetFullPath(options.Program),
        };
    }

    private ScenarioOptions With(string name, string value) => name switch
    {
        "--runs" when int.TryParse(value, out int count) && count > 0 => this with { RunCount = count },
        "--corpus" => this with { CorpusFolder = value },
        "--work" => this with { WorkFolder = value },
        "--program" => this with { Program = value },
        "--only" when value.Split(',').All(part => Parts.Contains(part)) => this with { Only = value.Split(',') },
        "--tools" => this with { Tools = value.Split(',') },
        _ => throw new ArgumentException($"'{name} {value}' is not known; see benchmarks/README.md."),
    };
}
