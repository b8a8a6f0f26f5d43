namespace HyperVBackup.Testing.Stores;

/// <summary>How many of the states that a power loss may leave are looked at, where they are very many.</summary>
public sealed record CrashBounds
{
    /// <summary>Of what waits for one flush (a folder's names, a file's bytes), so many of the latest are kept or lost
    /// each by itself, and all before them together.</summary>
    public int LatestCount { get; init; } = 2;

    /// <summary>Up to so many things are kept and lost in every combination; of more, all, none, each beginning of
    /// their order, each alone, and all but each.</summary>
    public int CombinedCountMax { get; init; } = 3;

    /// <summary>So many combinations besides, at random.</summary>
    public int RandomCount { get; init; }

    /// <summary>Files whose content no reader asks for: a state that differs in it alone is no other one.</summary>
    public Func<string, bool> IsNeverRead { get; init; } = _ => false;
}
