using HyperVBackup.Format;
using HyperVBackup.Format.Points;

namespace HyperVBackup.Repository.Pins;

/// <summary>A pin that stands in the repository.</summary>
/// <param name="Point">The point it holds; none where it holds every point.</param>
/// <param name="Id">Tells it from the point's other pins.</param>
/// <param name="Pin">What it says; null where it cannot be read. It holds its point all the same.</param>
/// <param name="Failure">Why the store could not read it; it may be sound. Null where it could.</param>
internal sealed record StoredPin(SessionId Point, SessionId Id, Pin? Pin, string? Failure = null)
{
    public string Name => FileNames.Pin(Point, Id);

    public bool Holds(SessionId point) => Point.IsNone || Point == point;
}
