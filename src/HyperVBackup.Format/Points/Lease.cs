using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format.Points;

/// <summary>What a session says of itself before it relies on anything; see repo-format/lease.md.</summary>
public sealed record Lease
{
    private const string What = "lease";

    public required LeaseKind Kind { get; init; }

    /// <summary>The highest collection the session knew of; 0 where there was none.</summary>
    public required long HighestCollection { get; init; }

    /// <summary>For people only; kept in whole milliseconds.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>For people only, as is the host.</summary>
    public required uint ProcessId { get; init; }

    public required string Host { get; init; }

    /// <summary>The restore point a reading session reads; none where it names none.</summary>
    public SessionId Point { get; init; }

    /// <returns>The plain body of its record.</returns>
    /// <exception cref="ArgumentException">No such kind, a negative number, or a host too long.</exception>
    public byte[] Write()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(HighestCollection);
        if (!Enum.IsDefined(Kind))
        {
            throw new ArgumentException($"{Kind} is no kind of lease.");
        }

        BodyWriter body = new();
        body.Byte((byte)Kind);
        body.Count(HighestCollection);
        body.Time(Started);
        body.UInt32(ProcessId);
        body.Text(Host, FormatLimits.TextLengthMaxBytes);
        body.Session(Point);
        return body.ToArray();
    }

    /// <exception cref="CorruptDataException">Breaks a rule of repo-format/lease.md.</exception>
    public static Lease Read(ReadOnlySpan<byte> plain)
    {
        BodyReader body = new(plain, What);
        Lease lease = new()
        {
            Kind = (LeaseKind)body.Byte("kind"),
            HighestCollection = body.Count("highest collection"),
            Started = body.Time("started"),
            ProcessId = body.UInt32("process id"),
            Host = body.Text("host", FormatLimits.TextLengthMaxBytes),
            Point = body.Session("point"),
        };
        body.RequireEnd();
        body.Require(Enum.IsDefined(lease.Kind), "kind");
        return lease;
    }
}
