using System.Collections.Concurrent;
using System.Globalization;
using HyperVBackup.Testing.Stores;
using Xunit;
using Xunit.Sdk;

namespace HyperVBackup.Cli.Tests.Faults;

/// <summary>Every operation on the store of every verb fails in every way, once and for good. Some of these in each run
/// of the tests, all with HVBACKUP_ALL_FAULTS=1, as <c>./build.sh soak</c> says; HVBACKUP_FAULT_VERBS=pin,collect names
/// those to try.</summary>
public sealed class FaultTests(ITestOutputHelper output, FaultTests.Fixture fixture)
    : IClassFixture<FaultTests.Fixture>
{
    private const int SampleCount = 1;
    private static readonly bool IsWhole = Environment.GetEnvironmentVariable("HVBACKUP_ALL_FAULTS") == "1";

    public static TheoryData<string> Verbs()
    {
        string[] chosen = (Environment.GetEnvironmentVariable("HVBACKUP_FAULT_VERBS") ?? "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries);
        IEnumerable<string> all = FaultedVerb.All.Select(verb => verb.Name);
        return [.. all.Where(name => chosen.Length == 0 || chosen.Contains(name))];
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task Whatever_fails_is_said_in_a_sentence_and_costs_nothing(string name)
    {
        FaultedVerb verb = FaultedVerb.Named(name);
        List<(FaultKind Kind, int At, bool IsLasting)> faults = [];
        string expected = "";
        foreach (FaultKind kind in Enum.GetValues<FaultKind>())
        {
            (int callCount, expected) = await FaultedRun.CountAsync(fixture.History, verb, kind);
            faults.AddRange(Chosen(kind, callCount));
        }

        int failedCount = 0;
        ConcurrentBag<string> violations = [];
        await Parallel.ForEachAsync(faults, async (fault, _) =>
        {
            FaultedRun run = new(fixture.History, verb, fault.Kind, fault.At, fault.IsLasting);
            try
            {
                Interlocked.Add(ref failedCount, await run.CheckAsync(expected) ? 1 : 0);
            }
            catch (XunitException violation)
            {
                violations.Add(violation.Message);
            }
        });
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{name}: {faults.Count} faults, {failedCount} failures told"));
        Assert.True(violations.IsEmpty, $"{violations.Count} violations:\n{string.Join('\n', violations.Take(12))}");
        Assert.InRange(failedCount, 1, faults.Count);
    }

    private static IEnumerable<(FaultKind Kind, int At, bool IsLasting)> Chosen(FaultKind kind, int callCount)
    {
        for (int call = 1; call <= callCount; call++)
        {
            int step = IsWhole ? 1 : Math.Max(1, callCount / SampleCount);
            foreach (bool isLasting in new[] { false, true })
            {
                if ((call + (int)kind + (isLasting ? step / 2 : 0)) % step == 0)
                {
                    yield return (kind, call, isLasting);
                }
            }
        }
    }

    /// <summary>The history that all begin with.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        internal SmallHistory History { get; private set; } = null!;

        public async ValueTask InitializeAsync() => History = await SmallHistory.MakeAsync();

        public ValueTask DisposeAsync()
        {
            History.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
