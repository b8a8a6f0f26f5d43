namespace HyperVBackup.Cli.Tests.Faults;

/// <summary>A command whose every operation on the store is made to fail. A new verb is one line in
/// <see cref="All"/>.</summary>
/// <param name="Arguments">What is said; the text is a folder for what the command makes.</param>
/// <param name="Again">What has to succeed after a failure; the same if not given.</param>
internal sealed record FaultedVerb(
    string Name, Func<SmallHistory, string, string[]> Arguments, Func<SmallHistory, string[]>? Again = null)
{
    public static IReadOnlyList<FaultedVerb> All { get; } =
    [
        new("init", (_, _) => ["init", "--chunk-size", "16KiB"]) { IsWithoutRepository = true },
        new("full", (history, _) => ["backup", "--vm", "vm", "--disk", history.Disk, "--full"]),
        new("incremental", (history, _) =>
            ["backup", "--vm", "vm", "--disk", history.Disk, "--changes", history.Changes, "--audit", "20"]),
        new("recovery", (history, _) => ["backup", "--vm", "vm", "--disk", history.Disk]),
        new("synthesize", (_, _) => ["synthesize", "--vm", "vm"]) { MakesOlderPoint = true },
        new("sequential", (_, _) => ["synthesize", "--vm", "vm", "--sequential"]) { MakesOlderPoint = true },
        new("restore", (history, folder) =>
            ["restore", history.Points[1], "--output", Path.Join(folder, "image"), "--format", "raw", "--force"])
        {
            RestoredName = "image",
        },
        new("verify", (_, _) => ["verify", "--read-data"]) { MayReport = true },
        new("prune", (_, _) => ["prune", "--keep-last", "1"]) { Prunes = 1 },
        new("pin", (history, _) => ["pin", history.Points[1]]),
        new("unpin", (history, _) => ["pin", history.Points[2], "--remove"]),
        new("collect", (_, _) => ["collect", "--patience", "1s"]),
        new("protect", (_, _) => ["protect", "--parity", "10"]) { MayReport = true },
        new("repair", (history, _) => ["repair", "--disk", "disk=" + history.OlderDisk])
        {
            IsRotten = true, MayReport = true,
        },
        new("sessions", (_, _) => ["sessions"]),
        new("end", (history, _) => ["sessions", "--end", history.DeadSession], _ => ["sessions"]),
        new("rebuild-index", (_, _) => ["rebuild-index"]),
        new("list", (_, _) => ["list"]) { IsExact = true, ShowsPins = true },
        new("stats", (_, _) => ["stats"]),
        new("diff", (history, _) => ["diff", history.Points[1], history.Points[2]]) { IsExact = true },
        new("explain", (history, _) => ["explain", history.ChunkPack]) { IsExact = true, ShowsPins = true },
    ];

    public bool IsWithoutRepository { get; private init; }

    /// <summary>Whether a point that it makes holds what the newest point before held.</summary>
    public bool MakesOlderPoint { get; private init; }

    /// <summary>Whether a chunk and a second copy of maps are damaged before it.</summary>
    public bool IsRotten { get; private init; }

    public string? RestoredName { get; private init; }

    /// <summary>Whether damage that it finds or leaves is no failure, and the document says it.</summary>
    public bool MayReport { get; private init; }

    /// <summary>How many of the older points may be pruned afterwards.</summary>
    public int Prunes { get; private init; }

    /// <summary>Whether its document is the same each time, unless it says what could not be read.</summary>
    public bool IsExact { get; private init; }

    /// <summary>Whether pins are in it.</summary>
    public bool ShowsPins { get; private init; }

    public static FaultedVerb Named(string name) => All.Single(verb => verb.Name == name);
}
