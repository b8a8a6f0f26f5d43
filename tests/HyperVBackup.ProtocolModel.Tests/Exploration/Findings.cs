namespace HyperVBackup.ProtocolModel.Tests.Exploration;

/// <summary>What an exploration or a walk found.</summary>
internal sealed record Findings
{
    internal required string Name { get; init; }

    /// <summary>The property that does not hold, or null if all hold in all that was seen.</summary>
    internal string? Broken { get; init; }

    /// <summary>How it came to that, a line a step, from the first state on.</summary>
    internal IReadOnlyList<string> Trace { get; init; } = [];

    /// <summary>What a collector that was left alone did then, if that is what broke.</summary>
    internal IReadOnlyList<string> Aftermath { get; init; } = [];

    /// <summary>Whether every state that can be reached was seen.</summary>
    internal bool IsComplete { get; init; }

    /// <summary>States of an exploration; of walks their steps.</summary>
    internal long StateCount { get; init; }

    internal long TransitionCount { get; init; }

    /// <summary>Steps to the state that is farthest from the first.</summary>
    internal int Depth { get; init; }

    /// <summary>States from which a collector was left alone.</summary>
    internal long SoloCount { get; init; }

    internal TimeSpan Elapsed { get; init; }

    private string Outcome => Broken is not null
        ? FormattableString.Invariant($"{Broken} after {Trace.Count} steps")
        : IsComplete ? "holds in every state" : "holds in what was seen";

    /// <summary>One line for a log, and where something broke a line for each step.</summary>
    public override string ToString() =>
        FormattableString.Invariant($"{Name}: {Outcome}; {StateCount:N0} states, {TransitionCount:N0} transitions, ")
        + FormattableString.Invariant($"depth {Depth}, {SoloCount:N0} collectors left alone, ")
        + FormattableString.Invariant($"{Elapsed.TotalSeconds:F1} s")
        + string.Concat(Trace.Select(line => "\n  " + line))
        + string.Concat(Aftermath.Select(line => "\n  then alone: " + line));
}
