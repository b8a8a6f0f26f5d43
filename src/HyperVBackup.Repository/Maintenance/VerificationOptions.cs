using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>What to verify, and how deep.</summary>
public sealed record VerificationOptions
{
    private const double PercentMax = 100;

    /// <summary>The points to look at, and the packs they need; empty for all points and all packs.</summary>
    public IReadOnlyList<SessionId> Points { get; init; } = [];

    /// <summary>Share of the chunk packs' bytes to read, decode and hash, in percent from 0 to 100; 0 checks structure
    /// only. Runs over all points take the packs in rotation, so that runs whose percentages make 100 read them all;
    /// where points are named, packs are chosen at random.</summary>
    public double ReadDataPercent { get; init; }

    /// <summary>Packs checked side by side; at least 1.</summary>
    public int WorkerCount { get; init; } = Environment.ProcessorCount;

    /// <summary>Whether all data of all points is read.</summary>
    internal bool IsOfEverything => Points.Count == 0 && ReadDataPercent >= PercentMax;
}
