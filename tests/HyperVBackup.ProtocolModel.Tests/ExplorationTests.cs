using HyperVBackup.ProtocolModel.Tests.Exploration;
using HyperVBackup.ProtocolModel.Tests.Model;
using Xunit;

namespace HyperVBackup.ProtocolModel.Tests;

/// <summary>In every state that can be reached each point's chunks, and what an unfenced session relies on, have a
/// complete copy; and from every few states a fresh collector, alone, ends and leaves no garbage.</summary>
[Collection("Explorations need much memory: one at a time")]
public sealed class ExplorationTests(ITestOutputHelper output)
{
    private const int SoloEvery = 8;

    public static TheoryData<string> OfSessions => Names(Explorations.OfSessions);

    public static TheoryData<string> OfReadersAndRepacks => Names(Explorations.OfReadersAndRepacks);

    public static TheoryData<string> OfDeltas => Names(Explorations.OfDeltas);

    public static TheoryData<string> Large => Names(Explorations.Large);

    [Theory]
    [MemberData(nameof(OfSessions))]
    public void Writers_and_collectors_are_safe_and_live_in_every_state(string name) =>
        Holds(Explorations.OfSessions, name);

    [Theory]
    [MemberData(nameof(OfReadersAndRepacks))]
    public void Restores_and_repacks_beside_them_are_too(string name) =>
        Holds(Explorations.OfReadersAndRepacks, name);

    [Theory]
    [MemberData(nameof(OfDeltas))]
    public void Delta_records_are_safe_and_live_in_every_state(string name) => Holds(Explorations.OfDeltas, name);

    /// <summary>Minutes and gigabytes: <c>./build.sh soak</c> runs it.</summary>
    [Theory(Explicit = true)]
    [MemberData(nameof(Large))]
    public void Large_explorations_are_safe_and_live_too(string name) => Holds(Explorations.Large, name);

    private static TheoryData<string> Names(IEnumerable<Scenario> scenarios) =>
        [.. scenarios.Select(scenario => scenario.Name)];

    private void Holds(IReadOnlyList<Scenario> scenarios, string name)
    {
        Findings findings = Explorer.Explore(
            scenarios.Single(scenario => scenario.Name == name), soloEvery: SoloEvery);
        output.WriteLine(findings.ToString());
        Assert.Null(findings.Broken);
        Assert.True(findings.IsComplete);
    }
}
