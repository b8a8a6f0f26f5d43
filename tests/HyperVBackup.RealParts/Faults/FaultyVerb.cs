namespace HyperVBackup.RealParts.Faults;

/// <summary>A command of the real program to which something happens. A new verb is one line in <see cref="All"/>.
/// </summary>
internal sealed record FaultyVerb(string Name, Func<FaultyPlace, string[]> Arguments)
{
    public static IReadOnlyList<FaultyVerb> All { get; } =
    [
        new("init", place => ["init", "-r", place.Output("new")]) { Writes = PlacePart.Output },
        new("full", place => ["backup", "--vm", "vm", "--disk", place.History.Disk, "--full"]),
        new("incremental", place =>
        [
            "backup", "--vm", "vm", "--disk", place.History.Disk, "--changes", place.History.Changes, "--audit", "20",
        ]),
        new("recovery", place => ["backup", "--vm", "vm", "--disk", place.History.Disk]),
        new("synthesize", _ => ["synthesize", "--vm", "vm"]),
        new("sequential", _ => ["synthesize", "--vm", "vm", "--sequential"]),
        new("prune", _ => ["prune", "--keep-last", "1"]) { PrunedCount = 1 },
        new("pin", place => ["pin", place.History.Points[1]]),
        new("collect", _ => ["collect"]) { NeedsState = true, NeededBytes = 16 << 10 },
        new("protect", _ => ["protect", "--parity", "10"]),
        new("repair", place => ["repair", "--disk", "disk=" + place.History.OlderDisk])
        {
            IsRotten = true, MayReport = true, NeededBytes = 4096,
        },
        new("rebuild-index", _ => ["rebuild-index"])
        {
            Writes = PlacePart.State, NeedsState = true, NeededBytes = 4096,
        },
        new("verify", _ => ["verify", "--read-data"]) { Writes = PlacePart.None, MayReport = true },
        new("restore", place => ["restore", place.History.Points[1], "-o", place.Output("image")])
        {
            Writes = PlacePart.Output,
        },
        new("restore-fixed", place =>
            ["restore", place.History.Points[1], "-o", place.Output("image"), "--format", "vhdx-fixed"])
        {
            Writes = PlacePart.Output,
        },
        new("restore-raw", place =>
            ["restore", place.History.Points[1], "-o", place.Output("image"), "--format", "raw"])
        {
            Writes = PlacePart.Output,
        },
        new("list", _ => ["list"]) { Writes = PlacePart.None },
        new("stats", _ => ["stats"]) { Writes = PlacePart.None },
    ];

    /// <summary>What has to have room for it.</summary>
    public PlacePart Writes { get; private init; } = PlacePart.Repository;

    /// <summary>Room that it takes and gives back.</summary>
    public long NeededBytes { get; private init; }

    /// <summary>Whether it fails where the host's state folder can hold nothing; all others merely forget.</summary>
    public bool NeedsState { get; private init; }

    /// <summary>Whether damage that it finds or leaves is no failure, and the document says it.</summary>
    public bool MayReport { get; private init; }

    /// <summary>Whether a chunk of the older point is damaged before it.</summary>
    public bool IsRotten { get; private init; }

    /// <summary>How many of the older points may be gone afterwards.</summary>
    public int PrunedCount { get; private init; }

    public static FaultyVerb Named(string name) => All.Single(verb => verb.Name == name);

    public override string ToString() => Name;
}
