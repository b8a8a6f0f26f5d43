using HyperVBackup.ProtocolModel.Tests.Model;

namespace HyperVBackup.ProtocolModel.Tests;

/// <summary>What is explored in full. Where not said, there are one point, of a in p0, one prune that marks one point,
/// collectors of one scan, and cleaning.</summary>
internal static class Explorations
{
    private static readonly Scenario One = new() { Name = "1 writer, 1 collector", Cleaning = true };
    private static readonly Scenario OneTwo = One with { Name = "1 writer, 2 collectors", CollectorCount = 2 };
    private static readonly Scenario TwoOne = One with
    {
        Name = "2 writers, 1 collector",
        Writers = [Data.A, Data.A],
    };

    private static readonly Scenario TwoTwo = TwoOne with { Name = "2 writers, 2 collectors", CollectorCount = 2 };
    private static readonly Scenario Free = One with { Proposal = Proposal.Anything, AnyDeleteSet = true };

    private static readonly Scenario DeltaOne = One with
    {
        Name = "deltas: 1 writer, 1 collector",
        Writers = [Data.B],
        Recipes = [Recipe.BFromZA],
    };

    private static readonly Scenario DeltaTwo = DeltaOne with
    {
        Name = "deltas: 2 writers, 1 collector",
        Writers = [Data.B, Data.A | Data.B],
    };

    private static readonly Scenario DeltaCircle = DeltaOne with
    {
        Name = "deltas in a circle, a:=Y+B and b:=Z+A: 2 writers, 1 collector",
        Writers = [Data.B, Data.A],
        Recipes = [Recipe.BFromZA, Recipe.AFromYB],
    };

    private static readonly Scenario DeltaChoice = DeltaOne with
    {
        Name = "deltas, b:=Z+A or b:=Z+C: 2 writers, 1 collector",
        Writers = [Data.B, Data.B],
        Recipes = [Recipe.BFromZA, Recipe.BFromZC],
        OldPacks = [Data.A, Data.C],
    };

    /// <summary>By part of the suite: those that take seconds.</summary>
    internal static IReadOnlyList<Scenario> OfSessions { get; } =
    [
        One,
        TwoTwo,
        TwoTwo with
        {
            Name = "2 writers of {a} and {a,b}, 2 collectors, two packs",
            Writers = [Data.A, Data.A | Data.B],
            OldPacks = [Data.A, Data.B],
            OldPoints = [Data.A | Data.B],
        },
        TwoOne with
        {
            Name = "2 writers of {a} and {a,b} that list two packs once, 1 collector",
            Writers = [Data.A, Data.A | Data.B],
            OldPacks = [Data.A, Data.B],
            OldPoints = [Data.A | Data.B],
            PacksListedOnce = true,
        },
        TwoTwo with { Name = "2 writers, 2 collectors, from garbage only", OldPoints = [] },
        TwoTwo with { Name = "2 writers, 2 collectors of 2 scans", ScanCount = 2 },
        TwoOne with { Name = "2 writers of 2 tries, 1 collector of 2 scans", TryCount = 2, ScanCount = 2 },
        TwoOne with { Name = "3 writers, 1 collector", Writers = [Data.A, Data.A, Data.A] },
        OneTwo with { Name = "1 writer, 3 collectors", CollectorCount = 3 },
        OneTwo with
        {
            Name = "1 writer, 2 collectors that choose freely",
            Proposal = Proposal.Anything,
            AnyDeleteSet = true,
        },
        OneTwo with { Name = "1 writer, 2 collectors, nothing at once", NothingAtOnce = true },
    ];

    internal static IReadOnlyList<Scenario> OfReadersAndRepacks { get; } =
    [
        OneTwo with { Name = "1 writer, 2 collectors of 2 scans, a restore", RestoreCount = 1, ScanCount = 2 },
        TwoOne with { Name = "2 writers, 1 collector, a restore", RestoreCount = 1 },
        OneTwo with { Name = "1 writer, 2 collectors, a repack", RepackCount = 1 },
        TwoOne with { Name = "2 writers, 1 collector, a repack", RepackCount = 1 },
        One with { Name = "1 writer, 1 collector, a restore, a repack", RestoreCount = 1, RepackCount = 1 },
    ];

    internal static IReadOnlyList<Scenario> OfDeltas { get; } =
    [
        DeltaOne,
        DeltaTwo,
        DeltaTwo with
        {
            Name = "deltas: 2 writers of {b}, 2 collectors",
            Writers = [Data.B, Data.B],
            CollectorCount = 2,
        },
        DeltaOne with { Name = "deltas: 1 writer, 2 collectors", CollectorCount = 2 },
        DeltaOne with
        {
            Name = "deltas: 1 writer, 1 collector, a repack of any records",
            RepackCount = 1,
            RepackCopiesParts = true,
        },
        DeltaCircle,
        DeltaChoice,
        Free with
        {
            Name = "deltas: 1 writer, 1 collector that chooses freely, a repack of any records",
            Writers = [Data.B],
            Recipes = [Recipe.BFromZA],
            RepackCount = 1,
            RepackCopiesParts = true,
        },
    ];

    /// <summary>Those that take minutes, one after the other.</summary>
    internal static IReadOnlyList<Scenario> Large { get; } =
    [
        TwoTwo with { Name = "2 writers of 2 tries, 2 collectors of 2 scans", TryCount = 2, ScanCount = 2 },
        TwoTwo with { Name = "2 writers, 2 collectors, 2 prunes", PruneCount = 2 },
        TwoTwo with { Name = "2 writers, 3 collectors", CollectorCount = 3 },
        TwoTwo with
        {
            Name = "2 writers, 2 collectors that choose freely",
            Proposal = Proposal.Anything,
            AnyDeleteSet = true,
        },
        TwoTwo with { Name = "2 writers, 2 collectors, nothing at once", NothingAtOnce = true },
        OneTwo with
        {
            Name = "1 writer, 2 collectors, a restore, nothing at once",
            RestoreCount = 1,
            NothingAtOnce = true,
        },
        TwoTwo with { Name = "2 writers, 2 collectors, lost answers", AnswersLost = true },
        OneTwo with { Name = "1 writer, 3 collectors of 2 scans", CollectorCount = 3, ScanCount = 2 },
        OneTwo with { Name = "1 writer, 2 collectors, a restore, a repack", RestoreCount = 1, RepackCount = 1 },
        TwoTwo with { Name = "2 writers, 2 collectors, a restore", RestoreCount = 1 },
        TwoTwo with { Name = "2 writers, 2 collectors, a repack", RepackCount = 1 },
        DeltaChoice with { Name = "deltas, b:=Z+A or b:=Z+C: 2 writers, 2 collectors", CollectorCount = 2 },
        DeltaTwo with
        {
            Name = "deltas: 2 writers of {b}, 1 collector, a repack of any records",
            Writers = [Data.B, Data.B],
            RepackCount = 1,
            RepackCopiesParts = true,
        },
        DeltaTwo with { Name = "deltas: 2 writers, 1 collector, a restore", RestoreCount = 1 },
        DeltaOne with
        {
            Name = "deltas: 1 writer, 1 collector that chooses freely, a restore, a repack of any records",
            Proposal = Proposal.Anything,
            AnyDeleteSet = true,
            RestoreCount = 1,
            RepackCount = 1,
            RepackCopiesParts = true,
        },
        DeltaCircle with { Name = "deltas in a circle: 2 writers, 2 collectors", CollectorCount = 2 },
        DeltaCircle with
        {
            Name = "deltas, six recipes: 2 writers, 1 collector",
            Recipes = Recipe.All,
            OldPacks = [Data.A, Data.C],
            LiteralsStoredAgain = true,
        },
    ];
}
