using System.CommandLine;
using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Points;

namespace HyperVBackup.Cli.Commands;

/// <summary>How a restore point is named on the command line.</summary>
internal static class PointArguments
{
    public const string Help = "An id, a unique beginning of one (4 characters or more), or VM@latest.";

    private const int PrefixLengthMin = 4;
    private const int IdLength = 26;

    /// <summary>Whether a text has the shape of one; whether there is such a point is not asked.</summary>
    public static bool IsPoint(string text) =>
        text.EndsWith("@latest", StringComparison.OrdinalIgnoreCase)
        || (text.Length is >= PrefixLengthMin and <= IdLength
            && text.All(character => character is (>= 'a' and <= 'z') or (>= '2' and <= '7')));

    public static Argument<string> New(string name) => new(name) { Description = Help };

    /// <summary>Finds a point that is shown.</summary>
    /// <exception cref="RestorePointNotFoundException">None answers, or several.</exception>
    public static async Task<RestorePoint> FindAsync(
        BackupRepository repository, string reference, CancellationToken token) =>
        PointSelector.Find(await repository.ListShownPointsAsync(token), reference);
}
