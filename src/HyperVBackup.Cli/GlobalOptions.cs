using System.CommandLine;

namespace HyperVBackup.Cli;

/// <summary>Options that stand before or after every command.</summary>
internal static class GlobalOptions
{
    public static Option<string?> Repository { get; } = new("--repository", "-r")
    {
        Description = "The repository's folder; the variable HVBACKUP_REPOSITORY stands in for it.",
        HelpName = "PATH",
        Recursive = true,
    };

    public static Option<bool> Json { get; } = new("--json")
    {
        Description = "Put one JSON document, and nothing else, on standard output.",
        Recursive = true,
    };

    public static Option<bool> Verbose { get; } = new("--verbose")
    {
        Description = "With an error, also show where in the program it came from.",
        Recursive = true,
    };

    public static Option<long?> Memory { get; } = new("--memory")
    {
        Description = "A ceiling for the memory used, as 512MiB; 1GiB if not given.",
        HelpName = "SIZE",
        Recursive = true,
        CustomParser = result => SizeText.Parse(result, minBytes: 64L << 20, maxBytes: 1L << 40),
    };

    public static List<Option> All => [Repository, Json, Verbose, Memory];
}
