using System.Diagnostics;
using System.Globalization;
using HyperVBackup.Simulation.Crashes;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Simulation;

/// <summary>Every verb is broken off after each of its file operations, as by a kill and as by a power loss, in every
/// state that the flushes allow; then the repository is used again.</summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private const string StateVariable = "HVBACKUP_CRASH";
    private const int HistoryCount = 16;

    /// <summary>More histories in a long run, and wider bounds.</summary>
    private static readonly int? longRun =
        int.TryParse(Environment.GetEnvironmentVariable("HVBACKUP_CRASH_HISTORIES"), out int count) ? count : null;

    private static readonly CrashBounds bounds = new()
    {
        LatestCount = 3,
        CombinedCountMax = 7,
        IsNeverRead = path => path.StartsWith($"{CrashWorld.Root}/.tmp/", StringComparison.Ordinal),
    };

    private static readonly CrashBounds wideBounds =
        bounds with { LatestCount = 8, CombinedCountMax = 12, RandomCount = 500 };

    private static CrashBounds Bounds => longRun is null ? bounds : wideBounds;

    public static TheoryData<string> Verbs => [.. CrashVerbs.All.Select(verb => verb.Name)];

    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task A_crash_at_any_operation_leaves_every_point_whole_or_not_there(string name)
    {
        long started = Stopwatch.GetTimestamp();
        CrashRun run = new(CrashVerbs.Named(name), Bounds, seed: 1);
        await run.RunAsync();
        output.WriteLine(
            $"{name}: {run.OperationCount} operations, {run.CrashCount} crashes, {run.StateCount} states, "
            + $"{Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s");
    }

    [Fact]
    public async Task A_crash_at_random_in_a_long_history_leaves_every_point_whole_or_not_there()
    {
        const int StatesOfEach = 8;
        long started = Stopwatch.GetTimestamp();
        (int operationCount, int stateCount) = (0, 0);
        for (int seed = 1; seed <= (longRun ?? HistoryCount); seed++)
        {
            CrashRun run = new(CrashHistory.Verb(seed), wideBounds, seed);
            await run.RunSomeAsync(StatesOfEach);
            (operationCount, stateCount) = (operationCount + run.OperationCount, stateCount + run.StateCount);
        }

        output.WriteLine(
            $"{longRun ?? HistoryCount} histories, {operationCount} operations, {stateCount} states, "
            + $"{Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s");
        Assert.True(stateCount > HistoryCount);
    }

    [Fact]
    public async Task The_page_says_what_is_broken_off()
    {
        CrashMatrix matrix = new();
        foreach (CrashVerb verb in CrashVerbs.All)
        {
            CrashRun run = new(verb, bounds, seed: 1);
            await run.CountAsync();
            matrix.Add(verb.Name, run);
        }

        matrix.RequireOnPage();
    }

    /// <summary>Were any of these flushes missing from the code, the enumeration would say so.</summary>
    [Theory]
    [InlineData("init", "FlushFile /repository/.tmp/repository")]
    [InlineData("init", "FlushFolder /repository")]
    [InlineData("backup, full", "FlushFile /repository/.tmp/packs")]
    [InlineData("backup, full", "FlushFile /repository/.tmp/maps")]
    [InlineData("backup, full", "FlushFile /repository/.tmp/points")]
    [InlineData("backup, full", "FlushFolder /repository")]
    [InlineData("backup, full", "FlushFolder /repository/packs")]
    [InlineData("backup, full", "FlushFolder /repository/maps")]
    [InlineData("backup, full", "FlushFolder /repository/points")]
    [InlineData("backup after a kill at a pack's name", "FlushFolder /repository/packs")]
    [InlineData("backup after a kill at its point's name", "FlushFolder /repository/points")]
    [InlineData("synthesize --sequential", "FlushFile /repository/.tmp/")]
    [InlineData("pin", "FlushFolder /repository/pins")]
    [InlineData("prune", "FlushFolder /repository/pruned")]
    [InlineData("collect", "FlushFolder /repository/points")]
    [InlineData("collect, repacking", "FlushFolder /repository/packs")]
    [InlineData("collect after a kill at a pack's name", "FlushFolder /repository/packs")]
    [InlineData("collect after a kill at its decision", "FlushFolder /repository/retired")]
    [InlineData("collect after a kill at its last deletion", "FlushFolder /repository/mirror/maps")]
    [InlineData("collect after a kill at a point's deletion", "FlushFolder /repository/points")]
    [InlineData("collect after a kill at a prune mark", "FlushFolder /repository/pruned")]
    [InlineData("collect after a kill at a pin's removal", "FlushFolder /repository/pins")]
    public async Task A_flush_that_is_left_out_is_found(string name, string operation)
    {
        bool isEach = operation != $"FlushFolder {CrashWorld.Root}";
        CrashVerb verb = CrashVerbs.Named(name) with
        {
            LeavesOut = done => isEach
                ? $"{done}".StartsWith(operation, StringComparison.Ordinal)
                : $"{done}" == operation,
        };
        await Assert.ThrowsAsync<InvalidOperationException>(() => new CrashRun(verb, bounds, seed: 1).RunAsync());
    }

    /// <summary>Found at random once: another decision under the same number could name other packs.</summary>
    [Theory]
    [InlineData("condemned/1")]
    [InlineData("retired/1")]
    public async Task What_a_session_saw_of_a_collection_survives_a_power_loss(string name)
    {
        using CrashWorld world = new();
        await CrashVerbs.KilledCollectionAsync(world, name[..^1]);
        string path = $"{CrashWorld.Root}/{name}";
        Assert.Contains(path, world.Files.FilePaths);
        Assert.DoesNotContain(path, world.Files.FlushedStateAfter(world.Files.OperationCount).FilePaths);

        await world.BackupAsync();

        Assert.Contains(path, world.Files.FlushedStateAfter(world.Files.OperationCount).FilePaths);
    }

    /// <summary>To look at one state by itself: as a failure names it.</summary>
    [Fact]
    public async Task A_crash_by_its_name()
    {
        string[] name = (Environment.GetEnvironmentVariable(StateVariable) ?? "init/0/0").Split('/');
        int[] numbers = [.. name[1..].Select(number => int.Parse(number, CultureInfo.InvariantCulture))];
        bool isHistory = CrashHistory.TryParse(name[0], out int seed);
        CrashRun run = isHistory
            ? new CrashRun(CrashHistory.Verb(seed), wideBounds, seed)
            : new CrashRun(CrashVerbs.Named(name[0]), Bounds, seed: 1);
        await run.RunOneAsync(numbers[0], numbers[1]);
    }
}
