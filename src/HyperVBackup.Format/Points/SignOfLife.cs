namespace HyperVBackup.Format.Points;

/// <summary>What a session at work puts beside its lease from time to time; see repo-format/sign-of-life.md. That the
/// counter moves is all that counts; nothing safe depends on it.</summary>
/// <param name="Counter">From 1, one more each time.</param>
/// <param name="Time">For people only, kept in whole milliseconds.</param>
public sealed record SignOfLife(long Counter, DateTimeOffset Time)
{
    private const string What = "sign of life";

    /// <returns>The plain body of its record.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A counter below 1.</exception>
    public byte[] Write()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Counter, 1);
        BodyWriter body = new();
        body.Count(Counter);
        body.Time(Time);
        return body.ToArray();
    }

    /// <exception cref="CorruptDataException">Breaks a rule of repo-format/sign-of-life.md.</exception>
    public static SignOfLife Read(ReadOnlySpan<byte> plain)
    {
        BodyReader body = new(plain, What);
        SignOfLife sign = new(body.Count("counter"), body.Time("time"));
        body.RequireEnd();
        body.Require(sign.Counter > 0, "counter");
        return sign;
    }
}
