using System.Collections.Concurrent;
using System.Globalization;
using HyperVBackup.Cli.Tests.Faults;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Cli.Tests.Indexes;

/// <summary>Whatever became of a host's index, every command answers as with a good one. Each state and each command
/// once in each run of the tests; all of the one with all of the other with HVBACKUP_ALL_INDEX_STATES=1, as
/// <c>./build.sh soak</c> says.</summary>
public sealed class IndexStateTests(ITestOutputHelper output)
{
    private static readonly bool IsWhole = Environment.GetEnvironmentVariable("HVBACKUP_ALL_INDEX_STATES") == "1";
    private static readonly string[] readers = ["restore", "verify", "list", "stats", "diff", "explain", "sessions"];

    /// <summary>Those that need a point or a session which this repository has no longer are of no use here.</summary>
    private static readonly string[] left = ["init", "end"];

    private static readonly FaultedVerb[] verbs =
    [
        .. FaultedVerb.All.Where(verb => !left.Contains(verb.Name)),
        new("dry collect", (_, _) => ["collect", "--dry-run", "--patience", "1s"]),
    ];

    [Fact]
    public async Task No_state_of_the_index_changes_an_answer()
    {
        using IndexWorld world = await IndexWorld.MakeAsync();
        (FaultedVerb Verb, IndexState Index)[] runs = [.. Chosen(world.States)];
        ConcurrentDictionary<(string, bool), string> expected = [];
        ConcurrentBag<string> violations = [];
        await Parallel.ForEachAsync(
            runs.Select(run => (run.Verb, run.Index.IsNewer)).DistinctBy(run => (run.Verb.Name, run.IsNewer)),
            async (run, _) => expected[(run.Verb.Name, run.IsNewer)] =
                await AskAsync(world, run.Verb, run.IsNewer, index: null));
        await Parallel.ForEachAsync(runs, async (run, _) =>
        {
            string answers = await AskAsync(world, run.Verb, run.Index.IsNewer, run.Index);
            string wanted = expected[(run.Verb.Name, run.Index.IsNewer)];
            if (answers != wanted && !IsRefused(run.Verb, run.Index, answers, wanted))
            {
                violations.Add($"{run.Verb.Name}, index {run.Index.Name}:\n{answers}instead of\n{wanted}");
            }
        });
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{world.States.Count} states, {verbs.Length} commands, {runs.Length} runs"));
        Assert.True(violations.IsEmpty, $"{violations.Count} differ:\n{string.Join('\n', violations.Take(3))}");
        Assert.Equal(verbs.Length, runs.Select(run => run.Verb.Name).Distinct().Count());
        Assert.Equal(world.States.Count, runs.Select(run => run.Index.Name).Distinct().Count());
    }

    private static IEnumerable<(FaultedVerb Verb, IndexState Index)> Chosen(IReadOnlyList<IndexState> states)
    {
        for (int state = 0; state < states.Count; state++)
        {
            for (int verb = 0; verb < verbs.Length; verb++)
            {
                if (IsWhole || state % verbs.Length == verb)
                {
                    yield return (verbs[verb], states[state]);
                }
            }
        }
    }

    private static async Task<string> AskAsync(IndexWorld world, FaultedVerb verb, bool isOlder, IndexState? index)
    {
        (RecordingFiles files, string state) = world.Copy(isOlder, index);
        using (FileStream? taken = index?.IsOpen == true ? TakeLock(state) : null)
        {
            FaultedHost host = new(files, state);
            return await IndexAnswers.AskAsync(host, verb, world, only: readers.Contains(verb.Name));
        }
    }

    private static FileStream TakeLock(string state) => new(
        Path.Join(IndexWorld.IndexFolderIn(state), "lock"),
        FileMode.OpenOrCreate,
        FileAccess.ReadWrite,
        FileShare.None);

    /// <summary>The index that another process has open is not made anew, and nothing else is otherwise.</summary>
    private static bool IsRefused(FaultedVerb verb, IndexState index, string answers, string wanted) =>
        verb.Name == "rebuild-index" && index.IsOpen && answers.StartsWith("1 \n", StringComparison.Ordinal)
        && answers[2..] == wanted[wanted.IndexOf('\n')..];
}
