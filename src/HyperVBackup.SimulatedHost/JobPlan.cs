using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.SimulatedHost;

/// <summary>How the host goes about one call of a method.</summary>
public sealed record JobPlan
{
    /// <summary>What it returns without doing anything; 0 to do it.</summary>
    public uint Refusal { get; init; }

    /// <summary>How long its job takes; null where it does it at once and returns 0.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>How the job ends.</summary>
    public JobState End { get; init; } = JobState.Completed;

    /// <summary>What the job says of it.</summary>
    public string Error { get; init; } = "";

    /// <summary>Whether it does what was asked, however it ends.</summary>
    public bool DoesIt { get; init; } = true;

    /// <summary>Whether it tells, in its answer, what it made.</summary>
    public bool GivesResult { get; init; } = true;

    /// <summary>Whether the job is gone as soon as it has ended.</summary>
    public bool Vanishes { get; init; }

    /// <summary>How much later than it is made a checkpoint or reference point is listed.</summary>
    public TimeSpan ListedLater { get; init; }
}
