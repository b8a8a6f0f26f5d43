using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format.Points;

/// <summary>Says that a restore point, or every one, may not go; see repo-format/pin.md. Of which point, the file's
/// name says.</summary>
public sealed record Pin
{
    private const string What = "pin";
    private const byte Kept = 1;
    private const byte Immutable = 2;

    /// <summary>Before this time nothing may take the point, or this pin, away; kept in whole milliseconds. Null where
    /// the point is kept until somebody removes the pin.</summary>
    public DateTimeOffset? ImmutableUntil { get; init; }

    /// <summary>When it was put; kept in whole milliseconds. One of the times by which a clock that jumped is noticed.
    /// </summary>
    public required DateTimeOffset Made { get; init; }

    /// <summary>The host that put it; for people only.</summary>
    public required string Host { get; init; }

    /// <returns>The plain body of its record.</returns>
    /// <exception cref="ArgumentException">The host is longer than <see cref="FormatLimits.TextLengthMaxBytes"/>.
    /// </exception>
    public byte[] Write()
    {
        BodyWriter body = new();
        body.Byte(ImmutableUntil is null ? Kept : Immutable);
        if (ImmutableUntil is { } until)
        {
            body.Time(until);
        }

        body.Time(Made);
        body.Text(Host, FormatLimits.TextLengthMaxBytes);
        return body.ToArray();
    }

    /// <exception cref="CorruptDataException">Breaks a rule of repo-format/pin.md.</exception>
    public static Pin Read(ReadOnlySpan<byte> plain)
    {
        BodyReader body = new(plain, What);
        byte kind = body.Byte("kind");
        body.Require(kind is Kept or Immutable, "kind");
        Pin pin = new()
        {
            ImmutableUntil = kind == Immutable ? body.Time("until") : null,
            Made = body.Time("made"),
            Host = body.Text("host", FormatLimits.TextLengthMaxBytes),
        };
        body.RequireEnd();
        return pin;
    }
}
