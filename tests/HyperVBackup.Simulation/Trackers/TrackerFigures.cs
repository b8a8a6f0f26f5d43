using System.Collections.Concurrent;
using HyperVBackup.Format.Points;

namespace HyperVBackup.Simulation.Trackers;

/// <summary>What came of each misbehaviour. Thread-safe.</summary>
internal sealed class TrackerFigures
{
    private readonly ConcurrentDictionary<(Misbehaviour Misbehaviour, string Outcome), int> outcomes = [];
    private int foundCount;
    private int omittedCount;

    /// <summary>How often an audit found a lie.</summary>
    public int FoundCount => foundCount;

    /// <summary>How often a tracker left out a chunk that had changed.</summary>
    public int OmittedCount => omittedCount;

    public void CountFound() => Interlocked.Increment(ref foundCount);

    public void Count(LyingSource source, DiskPoint? made)
    {
        if (source.Tracker?.OmittedChunk is not null)
        {
            Interlocked.Increment(ref omittedCount);
        }

        outcomes.AddOrUpdate(
            (source.Misbehaviour, made?.Kind.ToString() ?? "no point"), 1, (_, count) => count + 1);
    }

    public int CountOf(Misbehaviour misbehaviour, string outcome) =>
        outcomes.GetValueOrDefault((misbehaviour, outcome));

    public override string ToString() => string.Join('\n', Enum.GetValues<Misbehaviour>().Select(misbehaviour =>
        $"{misbehaviour}: {string.Join(", ", outcomes.Where(entry => entry.Key.Misbehaviour == misbehaviour)
            .OrderBy(entry => entry.Key.Outcome, StringComparer.Ordinal)
            .Select(entry => $"{entry.Value} {entry.Key.Outcome}"))}"));
}
