using HyperVBackup.ProtocolModel.Tests.Exploration;
using HyperVBackup.ProtocolModel.Tests.Model;
using Xunit;

namespace HyperVBackup.ProtocolModel.Tests;

/// <summary>Choices that the protocol leaves open, each with the other choice beside it that fails.</summary>
[Collection("Explorations need much memory: one at a time")]
public sealed class DecisionTests(ITestOutputHelper output)
{
    private static readonly Scenario LostAnswers = new()
    {
        Name = "one writer of two tries, two collectors, lost answers",
        CollectorCount = 2,
        TryCount = 2,
        Cleaning = true,
        AnswersLost = true,
    };

    private static readonly Scenario Pins = new()
    {
        Name = "one writer, two collectors, two prunes, a pin",
        CollectorCount = 2,
        PruneCount = 2,
        PinCount = 1,
        Cleaning = true,
    };

    private static readonly Scenario TwoPins = Pins with
    {
        Name = "one writer, one collector, a prune, two pins",
        CollectorCount = 1,
        PruneCount = 1,
        PinCount = 2,
    };

    private static readonly Scenario ReplacedPins = TwoPins with
    {
        Name = "no writer, one collector, a prune, three pins that replace older ones, nothing at once",
        Writers = [],
        PinCount = 3,
        PinsReplaced = true,
        NothingAtOnce = true,
        Cleaning = false,
    };

    [Fact]
    public void A_fence_stays_for_ever_where_a_commit_may_still_arrive() => Holds(LostAnswers, soloEvery: 1);

    [Fact]
    public void A_fence_deleted_where_a_commit_may_still_arrive_loses_data()
    {
        Findings findings = Explorer.Explore(LostAnswers with { FenceDeletedAfterLostAnswer = true });
        Tell(findings);
        Assert.StartsWith("I1", findings.Broken, StringComparison.Ordinal);
        Assert.Contains("the commit of", findings.Trace[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_point_that_was_pinned_stays() => Holds(Pins, soloEvery: 0);

    [Fact]
    public void A_pin_that_does_not_read_its_point_after_the_mark_may_pin_nothing()
    {
        Findings findings = Explorer.Explore(Pins with { PinReadsPoint = false });
        Tell(findings);
        Assert.Equal("a point that was pinned is gone", findings.Broken);
    }

    [Fact]
    public void Points_that_two_pin_at_once_stay() => Holds(TwoPins, soloEvery: 0);

    [Fact]
    public void Points_stay_whose_pins_take_the_place_of_older_ones() => Holds(ReplacedPins, soloEvery: 0);

    [Fact]
    public void Pins_that_take_the_place_of_older_ones_before_the_mark_is_read_may_lose_the_point()
    {
        Findings findings = Explorer.Explore(ReplacedPins with { PinsReplacedEarly = true });
        Tell(findings);
        Assert.Equal("a point that was pinned is gone", findings.Broken);
    }

    [Fact]
    public void A_pin_of_another_may_be_taken_back_and_does_not_count()
    {
        Findings findings = Explorer.Explore(TwoPins with { PinsShared = true });
        Tell(findings);
        Assert.Equal("a point that was pinned is gone", findings.Broken);
    }

    [Fact]
    public void Pins_listed_before_marks_lose_a_pinned_point()
    {
        Findings findings = Explorer.Explore(Pins with { PinsListedFirst = true });
        Tell(findings);
        Assert.Equal("a point that was pinned is gone", findings.Broken);
    }

    [Fact]
    public void A_writer_may_give_up_before_its_commit_and_delete_its_lease() => Holds(
        LostAnswers with { Name = LostAnswers.Name + ", writers that give up", WritersGiveUp = true },
        soloEvery: 4);

    [Fact]
    public void Anyone_may_end_a_session_by_a_fence_at_any_time() => Holds(
        LostAnswers with { Name = LostAnswers.Name + ", sessions ended at any time", SessionsEnded = true },
        soloEvery: 8);

    [Fact]
    public void A_repack_may_end_by_fencing_itself() => Holds(
        new Scenario
        {
            Name = "one writer, two collectors, a repack that ends fenced",
            CollectorCount = 2,
            RepackCount = 1,
            RepackEndsFenced = true,
            Cleaning = true,
        },
        soloEvery: 4);

    [Fact]
    public void A_collector_that_never_proposes_packs_of_undecided_sessions_leaves_what_crashed_ones_left()
    {
        Scenario scenario = LostAnswers with
        {
            Name = "one writer, one collector that spares undecided sessions",
            AnswersLost = false,
            CollectorCount = 1,
            OldPacks = [],
            OldPoints = [],
            Proposal = Proposal.NeedlessAndDecided,
        };
        Findings findings = Explorer.Explore(scenario, soloEvery: 1);
        Tell(findings);
        Assert.Equal(SoloCollector.Prefix + "ended, but a pack that nothing needs was left", findings.Broken);
        Holds(scenario with { Proposal = Proposal.DecidedFirst }, soloEvery: 1);
    }

    [Fact]
    public void A_collector_that_proposes_them_where_nothing_else_is_left_is_live() => Holds(
        LostAnswers with
        {
            Name = "two writers, two collectors, undecided sessions last",
            Writers = [Data.A, Data.A],
            TryCount = 1,
            AnswersLost = false,
            Proposal = Proposal.DecidedFirst,
        },
        soloEvery: 1);

    private void Holds(Scenario scenario, int soloEvery)
    {
        Findings findings = Explorer.Explore(scenario, soloEvery: soloEvery);
        Tell(findings);
        Assert.Null(findings.Broken);
        Assert.True(findings.IsComplete);
    }

    private void Tell(Findings findings) => output.WriteLine(findings.ToString());
}
