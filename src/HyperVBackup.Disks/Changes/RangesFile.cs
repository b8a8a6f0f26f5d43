namespace HyperVBackup.Disks.Changes;

/// <summary>
/// What a ranges file says: <c>{"since": ID, "id": ID, "ranges": [{"offset": BYTES, "length": BYTES}, …]}</c>.
/// Properties may come in any order, unknown ones are ignored. Immutable and thread-safe.
/// </summary>
public sealed record RangesFile
{
    /// <summary>The tracking id that the ranges start from; null when the file names none that can be used.</summary>
    public string? Since { get; internal init; }

    /// <summary>The tracking id of the disk's state as it is now; null when none may be recorded.</summary>
    public string? Id { get; internal init; }

    /// <summary>The ranges, or why they are not to be trusted. They are not yet held against a disk's size.</summary>
    public required DiskChanges Changes { get; init; }

    /// <summary>The highest end of any range in bytes, empty ones counted; 0 when there is none.</summary>
    public long ReachBytes { get; internal init; }

    /// <summary>Reads to the end of <paramref name="json"/>, in memory that grows only with the ranges: 64 KiB for the
    /// text (up to 1 MiB where a single value needs it). Whatever is wrong with the text makes the changes
    /// <see cref="DiskChanges.Lost"/>, and so does a read error.</summary>
    public static RangesFile Read(Stream json)
    {
        ArgumentNullException.ThrowIfNull(json);
        var parser = new RangesFileParser();
        try
        {
            JsonTokens.Read(json, parser);
        }
        catch (Exception e) when (e is MalformedJsonException or IOException)
        {
            return new RangesFile { Changes = new DiskChanges.Lost($"the ranges file cannot be read: {e.Message}") };
        }
        return parser.Finish();
    }
}
