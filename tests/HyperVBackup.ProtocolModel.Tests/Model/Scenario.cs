namespace HyperVBackup.ProtocolModel.Tests.Model;

/// <summary>Who takes part in an exploration, and from which repository it starts.</summary>
internal sealed record Scenario
{
    /// <summary>How it is called in what is printed.</summary>
    internal required string Name { get; init; }

    internal Change Change { get; init; }

    /// <summary>What each pack of the first repository holds, as <see cref="Data"/> says.</summary>
    internal IReadOnlyList<int> OldPacks { get; init; } = [Data.A];

    /// <summary>The chunks of each point of the first repository.</summary>
    internal IReadOnlyList<int> OldPoints { get; init; } = [Data.A];

    /// <summary>The first repository's points that are marked already.</summary>
    internal int OldMarks { get; init; }

    /// <summary>By writer: the chunks of the point it is to make.</summary>
    internal IReadOnlyList<int> Writers { get; init; } = [Data.A];

    /// <summary>How often a writer begins, the first time included: again only after it was fenced.</summary>
    internal int TryCount { get; init; } = 1;

    internal int CollectorCount { get; init; } = 1;

    /// <summary>How often a collector begins at C1; a lost race is no new beginning.</summary>
    internal int ScanCount { get; init; } = 1;

    /// <summary>How many points each prune marks.</summary>
    internal int MarkCount { get; init; } = 1;

    internal int PruneCount { get; init; } = 1;

    internal int RestoreCount { get; init; }

    internal int RepackCount { get; init; }

    internal int PinCount { get; init; }

    /// <summary>Whether anybody cleans up leases and marks at any time.</summary>
    internal bool Cleaning { get; init; }

    internal Proposal Proposal { get; init; }

    /// <summary>Whether C8 may decide on any delete set that is allowed, not only on the one-pass rule's.</summary>
    internal bool AnyDeleteSet { get; init; }

    /// <summary>Whether pins, C5 and C7 list one name at a time, in any order, and C6's fence may come long after its
    /// look.</summary>
    internal bool NothingAtOnce { get; init; }

    /// <summary>The recipes that writers may make; those in old packs are among them.</summary>
    internal IReadOnlyList<Recipe> Recipes { get; init; } = [];

    /// <summary>Whether writers list packs once and look up in what they listed, without asking for each hit whether
    /// its pack exists.</summary>
    internal bool PacksListedOnce { get; init; }

    /// <summary>Whether a writer may also store a literal again that it found.</summary>
    internal bool LiteralsStoredAgain { get; init; }

    /// <summary>Whether repack copies any part of a pack, not only all of it.</summary>
    internal bool RepackCopiesParts { get; init; }

    /// <summary>Whether a repack ends by putting a fence at its own point's name.</summary>
    internal bool RepackEndsFenced { get; init; }

    /// <summary>Whether the answer to a commit may be lost, and the commit itself arrive at any later time.</summary>
    internal bool AnswersLost { get; init; }

    /// <summary>Whether a writer whose commit's answer was lost deletes the fence it finds or puts, as others do.
    /// </summary>
    internal bool FenceDeletedAfterLostAnswer { get; init; }

    /// <summary>Whether a writer may give up at any step before its commit.</summary>
    internal bool WritersGiveUp { get; init; }

    /// <summary>Whether anybody puts a fence for any session that has a lease, at any time, collection or not.
    /// </summary>
    internal bool SessionsEnded { get; init; }

    /// <summary>Whether collectors list pins before they list marks.</summary>
    internal bool PinsListedFirst { get; init; }

    /// <summary>Whether a pin counts only once its point was seen to exist after its mark was seen missing.</summary>
    internal bool PinReadsPoint { get; init; } = true;

    /// <summary>Whether who finds a point pinned already puts no pin of its own.</summary>
    internal bool PinsShared { get; init; }

    /// <summary>Whether he does so before he reads the mark.</summary>
    internal bool PinsReplacedEarly { get; init; }

    /// <summary>Whether who has pinned a point takes away the pins of it that stood before he put his own.</summary>
    internal bool PinsReplaced { get; init; }

    public override string ToString() => Change == Change.None ? Name : $"{Name}, {Change}";
}
