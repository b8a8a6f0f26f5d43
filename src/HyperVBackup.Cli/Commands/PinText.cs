using System.Text.Json;
using HyperVBackup.Cli.Output;
using HyperVBackup.Format;
using HyperVBackup.Repository.Pins;

namespace HyperVBackup.Cli.Commands;

/// <summary>How pins are shown.</summary>
internal static class PinText
{
    /// <summary>The time until which a point is immutable; null where this host's clock is past it.</summary>
    public static DateTimeOffset? ImmutableUntil(PointLocks locks, SessionId point, CommandContext context) =>
        locks.ImmutableUntil(point) is { } until && until > context.Environment.Clock.GetUtcNow() ? until : null;

    /// <summary>For people; empty where nothing holds the point.</summary>
    public static string Of(bool isPinned, DateTimeOffset? immutableUntil)
    {
        string until = immutableUntil is { } time ? $"immutable until {time.UtcDateTime:yyyy-MM-dd HH:mm}" : "";
        return isPinned && until.Length > 0 ? $"pinned, {until}" : isPinned ? "pinned" : until;
    }

    public static void WriteUntil(Utf8JsonWriter json, DateTimeOffset? immutableUntil)
    {
        if (immutableUntil is { } until)
        {
            json.WriteString("immutableUntil", Words.Of(until));
        }
    }
}
