using System.CommandLine;
using HyperVBackup.Repository;

namespace HyperVBackup.Cli;

/// <summary>Options that stand before or after every command.</summary>
internal static class GlobalOptions
{
    public static Option<string?> Repository { get; } = new("--repository", "-r")
    {
        Description = "The repository's folder; HVBACKUP_REPOSITORY stands in for it.",
        HelpName = "PATH",
        Recursive = true,
    };

    public static Option<bool> Json { get; } = new("--json")
    {
        Description = "Put exactly one JSON document on standard output.",
        Recursive = true,
    };

    public static Option<bool> Verbose { get; } = new("--verbose")
    {
        Description = "Show where an error came from.",
        Recursive = true,
    };

    public static Option<long> Memory { get; } = new("--memory")
    {
        Description = "A ceiling for the memory used (default 1GiB).",
        HelpName = "SIZE",
        Recursive = true,
        DefaultValueFactory = _ => RepositoryEnvironment.MemoryBudgetDefaultBytes,
        CustomParser = result => SizeText.Parse(result, minBytes: 64L << 20, maxBytes: 1L << 40),
    };

    public static List<Option> All => [Repository, Json, Verbose, Memory];
}
