namespace HyperVBackup.Repository.Index;

/// <summary>A point of the log to recover at: FASTER's own account of it, and where the log ended then.</summary>
/// <param name="Token">Names the checkpoint; empty where there is no log yet.</param>
/// <param name="Metadata">What FASTER wants to read back.</param>
/// <param name="EndBytes">The log's bytes before this offset belong to it, and are never written again.</param>
internal sealed record LogMark(Guid Token, byte[] Metadata, long EndBytes)
{
    /// <summary>FASTER's first entry lies at this offset; below it there is nothing.</summary>
    public const long FirstEntryBytes = 64;

    public static LogMark None { get; } = new(Guid.Empty, [], FirstEntryBytes);

    public bool IsNone => Token == Guid.Empty;
}
