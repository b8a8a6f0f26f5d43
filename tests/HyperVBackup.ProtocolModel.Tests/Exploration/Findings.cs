namespace HyperVBackup.ProtocolModel.Tests.Exploration;

/// <summary>What an exploration or a walk found.</summary>
/// <param name="Broken">The property that does not hold, or null if all hold in all that was seen.</param>
/// <param name="Trace">How it came to that, a line a step, from the first state on.</param>
/// <param name="IsComplete">Whether every state that can be reached was seen.</param>
internal sealed record Findings(
    string Name,
    string? Broken,
    IReadOnlyList<string> Trace,
    bool IsComplete,
    long StateCount,
    long TransitionCount,
    int Depth,
    long SoloCount,
    TimeSpan Elapsed)
{
    /// <summary>One line, for a log.</summary>
    public override string ToString() =>
        FormattableString.Invariant($"{Name}: {Outcome}; {StateCount:N0} states, {TransitionCount:N0} transitions, ")
        + FormattableString.Invariant($"depth {Depth}, {SoloCount:N0} collectors left alone, ")
        + FormattableString.Invariant($"{Elapsed.TotalSeconds:F1} s");

    private string Outcome => Broken is not null
        ? FormattableString.Invariant($"{Broken} after {Trace.Count} steps")
        : IsComplete ? "holds in every state" : "holds in what was seen";
}
