using HyperVBackup.ProtocolModel.Tests.Exploration;
using HyperVBackup.ProtocolModel.Tests.Model;
using Xunit;

namespace HyperVBackup.ProtocolModel.Tests;

/// <summary>Random walks through what is too large to visit in full; the same walks find changed steps.</summary>
public sealed class WalkTests(ITestOutputHelper output)
{
    private const int StepCount = 10_000_000;
    private const int LongStepCount = 150_000_000;

    private static readonly Scenario Everyone = new()
    {
        Name = "3 writers, 3 collectors of 2 scans, a restore, 2 prunes, a repack",
        Writers = [Data.A, Data.A, Data.A | Data.B],
        OldPacks = [Data.A, Data.B],
        OldPoints = [Data.A, Data.B],
        CollectorCount = 3,
        ScanCount = 2,
        PruneCount = 2,
        RestoreCount = 1,
        RepackCount = 1,
        Cleaning = true,
    };

    private static readonly Scenario EveryoneWithDeltas = Everyone with
    {
        Name = Everyone.Name + ", all recipes",
        Writers = [Data.B, Data.A | Data.B, Data.A | Data.C],
        OldPacks = [Data.A, Data.C],
        OldPoints = [Data.A, Data.C],
        Recipes = Recipe.All,
        RepackCopiesParts = true,
        LiteralsStoredAgain = true,
    };

    [Fact]
    public void Walks_of_many_writers_and_collectors_find_nothing() => Holds(Everyone, StepCount);

    [Fact]
    public void Walks_with_delta_records_find_nothing() => Holds(EveryoneWithDeltas, StepCount);

    /// <summary>Minutes: <c>./build.sh soak</c> runs it.</summary>
    [Fact(Explicit = true)]
    public void Long_walks_find_nothing()
    {
        Holds(Everyone, LongStepCount);
        Holds(EveryoneWithDeltas, LongStepCount);
    }

    [Theory]
    [InlineData(Change.OwnDeleteSetFollowed)]
    [InlineData(Change.NextBeforeExecuted)]
    [InlineData(Change.OldRetiredRemoved)]
    [InlineData(Change.HitNotConfirmed)]
    [InlineData(Change.FencedPacksDeleted)]
    [InlineData(Change.CopiesInDeleteSetCounted)]
    public void The_same_walks_find_changed_steps(Change change) => Finds(Everyone with { Change = change });

    [Theory]
    [InlineData(Change.AnyRecordCounts)]
    [InlineData(Change.BasesInDeleteSetCounted)]
    [InlineData(Change.BaseInAbsentPack)]
    [InlineData(Change.RecipeHitWithoutBases)]
    [InlineData(Change.BaseNotConfirmed)]
    [InlineData(Change.RecipesMixed)]
    [InlineData(Change.BaseByChunk)]
    public void The_same_walks_find_changed_rules_of_deltas(Change change) =>
        Finds(EveryoneWithDeltas with { Change = change });

    private void Holds(Scenario scenario, long stepCount)
    {
        Findings safety = RandomWalk.Run(scenario, seed: 1, stepCount);
        output.WriteLine(safety.ToString());
        Findings liveness = RandomWalk.Run(scenario, seed: 2, stepCount / 10, isLive: true);
        output.WriteLine(liveness.ToString());
        Assert.Null(safety.Broken);
        Assert.Null(liveness.Broken);
    }

    private void Finds(Scenario scenario)
    {
        Findings findings = RandomWalk.Run(scenario, seed: 1, StepCount * 2L);
        output.WriteLine(findings.ToString());
        Assert.NotNull(findings.Broken);
    }
}
