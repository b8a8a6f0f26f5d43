using HyperVBackup.ProtocolModel.Tests.Model;

namespace HyperVBackup.ProtocolModel.Tests;

/// <summary>For each changed step the smallest scenario, of those tried, in which it does harm.</summary>
internal static class Negatives
{
    private static Scenario One { get; } = new() { Name = "one writer, one collector", Cleaning = true };

    private static Scenario Two { get; } = One with { Name = "two writers, one collector", Writers = [Data.A, Data.A] };

    private static Scenario TwoCopies { get; } = One with
    {
        Name = "one writer, two collectors, two copies",
        CollectorCount = 2,
        OldPacks = [Data.A, Data.A],
    };

    private static Scenario OneDelta { get; } = One with
    {
        Name = "a writer of b:=Z+A",
        Writers = [Data.B],
        Recipes = [Recipe.BFromZA],
    };

    private static Scenario TwoDeltas { get; } = OneDelta with
    {
        Name = "two writers of b:=Z+A",
        Writers = [Data.B, Data.B],
    };

    internal static Scenario Of(Change change) =>
        (change >= Change.AnyRecordCounts ? OfDeltas(change) : OfSessions(change)) with { Change = change };

    private static Scenario OfSessions(Change change) => change switch
    {
        Change.CopiesInDeleteSetCounted or Change.RepackDeletes => One with
        {
            Name = "one writer, one collector, a repack",
            RepackCount = 1,
        },
        Change.OwnDeleteSetFollowed => TwoCopies with
        {
            Name = "one writer, two collectors that choose freely, two copies",
            Proposal = Proposal.Anything,
            AnyDeleteSet = true,
        },
        Change.NextBeforeExecuted => TwoCopies,
        Change.OldRetiredRemoved => Two with
        {
            Name = "two writers, two collectors of two scans, a marked point, no cleaning",
            CollectorCount = 2,
            ScanCount = 2,
            OldMarks = 1,
            PruneCount = 0,
            Cleaning = false,
        },
        Change.WaitSkippedOnTakeover => One with { Name = "one writer, two collectors", CollectorCount = 2 },
        Change.HitNotConfirmed => Two with { Name = "two writers, a collector of two scans", ScanCount = 2 },
        Change.FencedPacksDeleted => Two,
        Change.LookUpsKeptOnRetry => One with { Name = "a writer of two tries, one collector", TryCount = 2 },
        Change.CommitRepeated => One with { Name = "one writer, one collector, two marks", MarkCount = 2 },
        Change.PruneDeletes => Two with { Name = "two writers, one collector, garbage", OldPoints = [] },
        Change.ReadersIgnored => One with { Name = "one writer, one collector, a restore", RestoreCount = 1 },
        _ => One,
    };

    private static Scenario OfDeltas(Change change) => change switch
    {
        Change.InheritedBaseUnasked => OneDelta with
        {
            Name = "a writer of {a,b} beside A and a:=Y+C",
            Writers = [Data.A | Data.B],
            Recipes = [Recipe.BFromZA, Recipe.AFromYC],
            OldPacks = [Data.A, Data.C | Data.Y | Data.OfRecipe(1)],
            PruneCount = 0,
        },
        Change.BaseByChunk => OneDelta with
        {
            Name = "a writer of b:=Z+A beside A and a:=Y+C",
            Recipes = [Recipe.BFromZA, Recipe.AFromYC],
            OldPacks = [Data.A, Data.C | Data.Y | Data.OfRecipe(1)],
        },
        Change.BaseNotConfirmed => TwoDeltas with
        {
            Name = "two writers of b:=Z+A, a collector of two scans",
            ScanCount = 2,
        },
        Change.RecipesMixed => TwoDeltas with
        {
            Name = "two writers of b:=Z+A or b:=Z+C, two marked points",
            Recipes = [Recipe.BFromZA, Recipe.BFromZC],
            OldPacks = [Data.A, Data.C],
            OldPoints = [Data.A, Data.C],
            OldMarks = 3,
            PruneCount = 0,
        },
        Change.RecipeHitWithoutBases or Change.DanglingIsDamage => TwoDeltas,
        _ => OneDelta,
    };
}
