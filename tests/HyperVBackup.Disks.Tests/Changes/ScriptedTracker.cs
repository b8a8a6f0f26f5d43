using HyperVBackup.Disks.Changes;

namespace HyperVBackup.Disks.Tests.Changes;

/// <summary>A tracker that answers as it is told, and notes what it was asked.</summary>
internal sealed class ScriptedTracker : IChangeTracker
{
    public required Func<long, long, ChangePage> Answer { get; init; }

    /// <summary>What it says of itself, by how often it was asked before.</summary>
    public Func<int, TrackedState> State { get; init; } = _ => new TrackedState(null, 1 << 20, "now");

    public List<(string Since, long OffsetBytes, long LengthBytes)> Asked { get; } = [];

    public int LookCount { get; private set; }

    public TrackedState Look() => State(LookCount++);

    public ChangePage Ask(string since, long offsetBytes, long lengthBytes)
    {
        Asked.Add((since, offsetBytes, lengthBytes));
        return Answer(offsetBytes, lengthBytes);
    }

    public static ChangePage Page(ulong processed, params (ulong Offset, ulong Length)[] ranges) => new(
        processed, ranges.Select(range => range.Offset).ToArray(), ranges.Select(range => range.Length).ToArray());
}
