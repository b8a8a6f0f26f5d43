using System.Globalization;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Faults;

/// <summary>Real file systems that are full, read-only, or go away, under each verb of the real program. Some in each
/// run of the tests, all with HVBACKUP_ALL_FAULTS=1, as <c>./build.sh soak</c> says.</summary>
public sealed class FaultyDiskTests(ITestOutputHelper output, FaultyHistory history) : IClassFixture<FaultyHistory>
{
    private const int LevelCount = 12;
    private const int BlockBytes = 4096;
    private const int SmallBytes = 16 * BlockBytes;
    private const string Full = "No space left on device; free some space there and run again";
    private const string ReadOnly = "Read-only file system; mount it for writing";
    private static readonly bool IsWhole = Environment.GetEnvironmentVariable("HVBACKUP_ALL_FAULTS") == "1";

    private static readonly string[] ofExt4 = ["full", "collect", "restore"];
    private static readonly string[] ofState = ["incremental", "collect", "repair", "rebuild-index", "restore"];
    private static readonly string[] ofReadOnly = ["recovery", "prune", "collect", "protect", "verify", "stats"];
    private static readonly string[] struck = ["full", "sequential", "collect", "protect"];

    public static TheoryData<string, SmallDiskKind> FilledDisks() =>
    [
        .. FaultyVerb.All.Select(verb => (verb.Name, SmallDiskKind.Memory)),
        .. Chosen(ofExt4).Select(name => (name, SmallDiskKind.Ext4)),
    ];

    public static TheoryData<string> VerbsOfState() => [.. Chosen(ofState)];

    public static TheoryData<string> VerbsOfReadOnly() => [.. Chosen(ofReadOnly)];

    public static TheoryData<string> StruckVerbs() => [.. IsWhole ? struck : struck[..1]];

    [Theory]
    [MemberData(nameof(FilledDisks))]
    public void A_disk_that_fills_up_in_the_middle_is_said_and_costs_nothing(string name, SmallDiskKind kind)
    {
        FaultyVerb verb = FaultyVerb.Named(name);
        PlacePart part = verb.Writes == PlacePart.None ? PlacePart.Repository : verb.Writes;
        long neededBytes;
        using (FaultyPlace roomy = new(history, verb, part, kind, "all room"))
        {
            neededBytes = roomy.NeededBytes();
        }

        SortedSet<long> levels = Levels(verb, neededBytes);
        int failedCount = 0;
        foreach (long roomBytes in levels)
        {
            string what = string.Create(CultureInfo.InvariantCulture, $"room for {roomBytes} of {neededBytes}");
            using FaultyPlace place = new(history, verb, part, kind, what);
            place.Disk.Fill(roomBytes);
            bool hasFailed = place.RequireAnswer(place.Run(), Full);
            place.RequirePoints(isHealed: false);
            place.Disk.MakeRoom();
            place.RequireAsBefore(hasFailed);
            failedCount += hasFailed ? 1 : 0;
        }

        Tell($"{name} on {kind}: {levels.Count} levels of room, {failedCount} failures told");
        Assert.Equal(verb.Writes != PlacePart.None && neededBytes + verb.NeededBytes > 0, failedCount > 0);
    }

    [Theory]
    [MemberData(nameof(VerbsOfState))]
    public void A_state_folder_that_is_full_or_read_only_costs_speed_at_most(string name)
    {
        FaultyVerb verb = FaultyVerb.Named(name);
        foreach (string words in new[] { Full, ReadOnly })
        {
            using FaultyPlace place = new(history, verb, PlacePart.State, SmallDiskKind.Memory, words);
            if (words == Full)
            {
                place.Disk.Fill(0);
            }
            else
            {
                place.Disk.Protect();
            }

            ToolResult result = place.Run();
            bool hasFailed = place.RequireAnswer(result, words);
            place.Require(hasFailed == verb.NeedsState, result, "whether it fails");
            place.RequirePoints(isHealed: false);
            place.Disk.MakeRoom();
            place.RequireAsBefore(hasFailed);
        }
    }

    [Theory]
    [MemberData(nameof(VerbsOfReadOnly))]
    public void A_read_only_repository_is_said_by_all_that_would_write_and_read_by_the_others(string name)
    {
        FaultyVerb verb = FaultyVerb.Named(name);
        using FaultyPlace place = new(history, verb, PlacePart.Repository, SmallDiskKind.Memory, ReadOnly);
        place.Disk.Protect();
        ToolResult result = place.Run();
        bool hasFailed = place.RequireAnswer(result, ReadOnly);
        place.Require(hasFailed == (verb.Writes == PlacePart.Repository), result, "whether it fails");
        place.RequirePoints(isHealed: false);
        place.Disk.MakeRoom();
        place.RequireAsBefore(hasFailed);
    }

    [Theory]
    [MemberData(nameof(StruckVerbs))]
    public void A_disk_that_turns_read_only_or_is_unmounted_in_the_middle_costs_nothing(string name)
    {
        foreach (bool isDetached in new[] { false, true })
        {
            int failedCount = 0;
            int flush = IsWhole ? 1 : 3;
            bool isStruck = true;
            for (; isStruck && (IsWhole || flush == 3); flush++)
            {
                isStruck = Strike(FaultyVerb.Named(name), flush, isDetached, ref failedCount);
            }

            string how = isDetached ? "unmounted" : "read-only";
            Tell($"{name}, {how} at {flush - 1} flushes: {failedCount} failures told");
            Assert.True(failedCount > 0, "nothing failed");
        }
    }

    private bool Strike(FaultyVerb verb, int flush, bool isDetached, ref int failedCount)
    {
        string what = string.Create(CultureInfo.InvariantCulture, $"detached {isDetached} at flush {flush}");
        using FaultyPlace place = new(history, verb, PlacePart.Repository, SmallDiskKind.Ext4, what);
        (ToolResult result, bool isStruck) = place.RunStopped(
            flush, isDetached ? place.Disk.Detach : place.Disk.Break);
        bool hasFailed = place.RequireAnswer(
            result, ReadOnly, "check the path and its mount", "check its mount", "No such file or directory");
        failedCount += hasFailed ? 1 : 0;
        place.Require(isStruck || !hasFailed, result, "a failure without a fault");
        if (isStruck)
        {
            place.Disk.Renew(isDetached);
        }

        place.RequireAsBefore(hasFailed);
        return isStruck;
    }

    private static IEnumerable<string> Chosen(string[] some) =>
        IsWhole ? FaultyVerb.All.Select(verb => verb.Name) : some;

    private static SortedSet<long> Levels(FaultyVerb verb, long neededBytes)
    {
        if (!IsWhole)
        {
            return neededBytes > SmallBytes ? [neededBytes / 2] : [0, verb.NeededBytes / 2];
        }

        SortedSet<long> levels = [.. Enumerable.Range(0, 8).Select(block => block * (long)BlockBytes)];
        for (int level = 1; level < LevelCount; level++)
        {
            levels.Add(Math.Max(neededBytes, verb.NeededBytes) * level / LevelCount / BlockBytes * BlockBytes);
        }

        return levels;
    }

    private void Tell(FormattableString what) => output.WriteLine(what.ToString(CultureInfo.InvariantCulture));
}
