using HyperVBackup.ProtocolModel.Tests.Exploration;
using HyperVBackup.ProtocolModel.Tests.Model;
using Xunit;

namespace HyperVBackup.ProtocolModel.Tests;

/// <summary>A checker that cannot fail proves nothing. Each of these does one step of the protocol otherwise, and the
/// checker must find that out; with that step done right, the same exploration finds nothing.</summary>
/// <remarks>The lengths are those of the shortest traces in an earlier model of the same protocol, written apart from
/// this one. Its steps were cut a little otherwise (here W2 and prune take two each), so they agree loosely.</remarks>
[Collection("Explorations need much memory: one at a time")]
public sealed class ChangeTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(Change.CondemnedReadBeforeLease, 17)]
    [InlineData(Change.WaitSkipped, 17)]
    [InlineData(Change.LeasesListedBeforeCondemning, 16)]
    [InlineData(Change.NeededNotListedAgain, 18)]
    [InlineData(Change.NeededListedBeforeWait, 17)]
    [InlineData(Change.HitsInAbsentPacks, 18)]
    [InlineData(Change.AbsentParent, 17)]
    [InlineData(Change.CondemnedNotRead, 17)]
    [InlineData(Change.ParentReadBeforeLease, 17)]
    [InlineData(Change.LeaseDeletedBeforeCommit, 18)]
    [InlineData(Change.UndecidedLeaseCleaned, 18)]
    [InlineData(Change.LeaseDeletedInsteadOfFence, 18)]
    [InlineData(Change.FenceCleaned, 20)]
    [InlineData(Change.PacksDeletedFirst, 12)]
    [InlineData(Change.CopiesInDeleteSetCounted, 21)]
    [InlineData(Change.OwnDeleteSetFollowed, 26)]
    [InlineData(Change.NextBeforeExecuted, 27)]
    [InlineData(Change.OldRetiredRemoved, 40)]
    [InlineData(Change.WaitSkippedOnTakeover, 17)]
    [InlineData(Change.HitNotConfirmed, 35)]
    [InlineData(Change.WaitTooShort, 17)]
    [InlineData(Change.FencedPacksDeleted, 17)]
    [InlineData(Change.LookUpsKeptOnRetry, 22)]
    [InlineData(Change.CommitRepeated, 21)]
    [InlineData(Change.RepackDeletes, 13)]
    [InlineData(Change.PruneDeletes, 22)]
    [InlineData(Change.ReadersIgnored, 17)]
    public void A_changed_step_of_sessions_or_collections_is_found_unsafe(Change change, int elsewhere) =>
        IsFoundUnsafe(change, elsewhere);

    [Theory]
    [InlineData(Change.AnyRecordCounts, 21)]
    [InlineData(Change.BasesInDeleteSetCounted, 21)]
    [InlineData(Change.BaseInAbsentPack, 20)]
    [InlineData(Change.InheritedBaseUnasked, 17)]
    [InlineData(Change.RecipeHitWithoutBases, 25)]
    [InlineData(Change.BaseNotConfirmed, 31)]
    [InlineData(Change.RecipesMixed, 29)]
    [InlineData(Change.BaseByChunk, 17)]
    public void A_changed_rule_of_delta_records_is_found_unsafe(Change change, int elsewhere) =>
        IsFoundUnsafe(change, elsewhere);

    [Theory]
    [InlineData(Change.NoTakeover, 7)]
    [InlineData(Change.DanglingIsDamage, 19)]
    public void A_change_that_lets_garbage_stay_for_ever_is_found_not_live(Change change, int elsewhere)
    {
        Scenario scenario = Negatives.Of(change);
        Findings findings = Explorer.Explore(scenario, soloEvery: 1);
        Tell(findings, elsewhere);
        Assert.StartsWith(SoloCollector.Prefix, findings.Broken, StringComparison.Ordinal);
        Assert.InRange(findings.Trace.Count, elsewhere / 2, elsewhere * 2);
        Assert.True(Holds(scenario with { Change = Change.None }, soloEvery: 1));
    }

    [Fact]
    public void Every_change_is_tried()
    {
        IEnumerable<object?> tried = typeof(ChangeTests).GetMethods()
            .SelectMany(method => method.GetCustomAttributes(typeof(InlineDataAttribute), inherit: false))
            .Select(attribute => ((InlineDataAttribute)attribute).Data[0]);
        Assert.Equal(
            Enum.GetValues<Change>().Except([Change.None]).Order(), tried.Cast<Change>().Order());
    }

    private void IsFoundUnsafe(Change change, int elsewhere)
    {
        Scenario scenario = Negatives.Of(change);
        Findings findings = Explorer.Explore(scenario);
        Tell(findings, elsewhere);
        Assert.StartsWith("I", findings.Broken, StringComparison.Ordinal);
        Assert.InRange(findings.Trace.Count, elsewhere / 2, elsewhere * 2);
        Assert.True(Holds(scenario with { Change = Change.None }, soloEvery: 0));
    }

    private bool Holds(Scenario scenario, int soloEvery)
    {
        Findings findings = Explorer.Explore(scenario, soloEvery: soloEvery);
        output.WriteLine(findings.ToString());
        return findings is { Broken: null, IsComplete: true };
    }

    private void Tell(Findings findings, int elsewhere)
    {
        output.WriteLine(FormattableString.Invariant($"elsewhere {elsewhere} steps, here {findings.Trace.Count}:"));
        output.WriteLine(findings.ToString());
    }
}
