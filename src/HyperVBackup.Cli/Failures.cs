using System.CommandLine;
using HyperVBackup.Cli.Hosting;
using HyperVBackup.Disks;
using HyperVBackup.Format;
using HyperVBackup.Hosts;
using HyperVBackup.Operations.Synthesize;
using HyperVBackup.Repository;
using HyperVBackup.Storage;

namespace HyperVBackup.Cli;

/// <summary>One sentence for everything that can stop a command.</summary>
internal static class Failures
{
    public static string Sentence(Exception failure) => failure switch
    {
        UsageException or HostException or RepositoryException or StoreException or DiskImageException
            or CorruptDataException or ProofFailedException or UnauthorizedAccessException => Closed(failure.Message),
        IOException => Closed(StoreException.AdvisedMessageOf(failure)),
        OutOfMemoryException => "Not enough memory; --memory sets a lower ceiling.",
        _ => $"An error that should not happen: {Closed(failure.Message)} Please report it, with what --verbose adds.",
    };

    /// <summary>What an interrupted command leaves.</summary>
    public static string Interrupted(ParseResult parsed) => CommandLine.CommandPath(parsed) switch
    {
        "hvbackup backup" when HostArguments.IsAsked(parsed) =>
            "Interrupted: machines that were done before have their restore points; no other was made, and what was "
            + "stored is found again by the next run.",
        "hvbackup backup" or "hvbackup synthesize" =>
            "Interrupted: no restore point was made, and what was stored is found again by the next run.",
        "hvbackup restore" => "Interrupted: no unfinished image was left.",
        "hvbackup host restore" =>
            "Interrupted: no unfinished file was left, and no machine was made unless a warning names it.",
        "hvbackup collect" => "Interrupted: whoever collects next goes on from here.",
        "hvbackup rebuild-index" => "Interrupted: the index is made again when it is needed.",
        _ => "Interrupted.",
    };

    /// <summary>The message as one line that ends with one full stop.</summary>
    public static string Closed(string message) => message.ReplaceLineEndings(" ").TrimEnd(' ', '.') + ".";
}
