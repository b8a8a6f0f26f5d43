using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format.Points;

/// <summary>Says that a restore point is no longer wanted; see repo-format/prune-mark.md. It deletes nothing.</summary>
public sealed record PruneMark
{
    private const string What = "prune mark";

    /// <summary>When it was put; for people only, kept in whole milliseconds.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The host that put it; for people only.</summary>
    public required string Host { get; init; }

    /// <summary>The rule or request by which the point was given up, in words; for people only.</summary>
    public required string Why { get; init; }

    /// <returns>The plain body of its record.</returns>
    /// <exception cref="ArgumentException">A text is longer than <see cref="FormatLimits.TextLengthMaxBytes"/>.
    /// </exception>
    public byte[] Write()
    {
        BodyWriter body = new();
        body.Time(Time);
        body.Text(Host, FormatLimits.TextLengthMaxBytes);
        body.Text(Why, FormatLimits.TextLengthMaxBytes);
        return body.ToArray();
    }

    /// <exception cref="CorruptDataException">Breaks a rule of repo-format/prune-mark.md.</exception>
    public static PruneMark Read(ReadOnlySpan<byte> plain)
    {
        BodyReader body = new(plain, What);
        PruneMark mark = new()
        {
            Time = body.Time("time"),
            Host = body.Text("host", FormatLimits.TextLengthMaxBytes),
            Why = body.Text("why", FormatLimits.TextLengthMaxBytes),
        };
        body.RequireEnd();
        return mark;
    }
}
