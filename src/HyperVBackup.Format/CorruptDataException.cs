namespace HyperVBackup.Format;

/// <summary>Stored bytes are not what the format says. The message names the structure; whoever knows the file
/// and offset adds them with <see cref="In"/>.</summary>
public sealed class CorruptDataException : Exception
{
    public CorruptDataException(string message)
        : base(message)
    {
    }

    public CorruptDataException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>The same complaint with the file and the offset in it.</summary>
    public CorruptDataException In(string file, long offsetBytes) =>
        new($"'{file}' is damaged at offset {offsetBytes}: {Message}", this);
}
