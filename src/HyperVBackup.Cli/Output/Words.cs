using System.Globalization;
using HyperVBackup.Format.Points;

namespace HyperVBackup.Cli.Output;

/// <summary>How values are written for scripts and for people.</summary>
internal static class Words
{
    public static string Of(RestorePointKind kind) => kind switch
    {
        RestorePointKind.Full => "full",
        RestorePointKind.Incremental => "incremental",
        RestorePointKind.Synthetic => "synthetic",
        RestorePointKind.Recovered => "recovered",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>A size for people; nothing where none was counted.</summary>
    public static string OfSize(long? bytes) => bytes is long count ? SizeText.Format(count) : "";

    /// <summary>A number of things: "1 pack", "2 packs".</summary>
    /// <param name="thing">One of them, whose plural ends in s.</param>
    public static string OfCount(long count, string thing) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {thing}{(count == 1 ? "" : "s")}");

    /// <summary>UTC, ISO 8601, to the millisecond.</summary>
    public static string Of(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
