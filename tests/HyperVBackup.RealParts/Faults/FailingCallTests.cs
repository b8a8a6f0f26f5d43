using System.Globalization;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Faults;

/// <summary>One system call after the other of the real program fails, whatever it does. Some in each run of the tests,
/// all with HVBACKUP_ALL_FAULTS=1, as <c>./build.sh soak</c> says.</summary>
public sealed class FailingCallTests(ITestOutputHelper output, FaultyHistory history) : IClassFixture<FaultyHistory>
{
    /// <summary>Of each thread, in the suite.</summary>
    private const int SuiteCallCount = 2;

    /// <summary>Where the same calls come in another order, none fails now and then; so many in a row, and it is the
    /// end.</summary>
    private const int IdleCountMax = 3;

    private static readonly bool IsWhole = Environment.GetEnvironmentVariable("HVBACKUP_ALL_FAULTS") == "1";

    private static readonly (string Calls, string Error)[] faults =
    [
        ("fsync,fdatasync", "EIO"), ("pwrite64", "EIO"), ("pwrite64", "ENOSPC"), ("renameat2", "EIO"),
        ("unlink,unlinkat", "EIO"), ("mkdir,mkdirat", "EROFS"),
    ];

    /// <summary>The last flush of a restored image is the third one: that of its name.</summary>
    public static TheoryData<string, string, string, int> Calls() => IsWhole
        ? [.. FaultyVerb.All.SelectMany(verb => faults.Select(fault => (verb.Name, fault.Calls, fault.Error, 1)))]
        : new()
        {
            { "full", "fsync,fdatasync", "EIO", 1 },
            { "collect", "fsync,fdatasync", "EIO", 1 },
            { "restore-raw", "fsync,fdatasync", "EIO", 3 },
        };

    [Theory]
    [MemberData(nameof(Calls))]
    public void A_call_that_fails_is_said_and_costs_nothing(string name, string calls, string error, int first)
    {
        FaultyVerb verb = FaultyVerb.Named(name);
        int failedCount = 0;
        int faultCount = 0;
        int idleCount = 0;
        for (int when = first; idleCount < IdleCountMax && (IsWhole || when < first + SuiteCallCount); when++)
        {
            // A single failure of the first calls is mended by another try; in the suite all that follow fail too.
            string lasting = IsWhole ? "" : "+";
            string what = string.Create(CultureInfo.InvariantCulture, $"{error} of {calls} at {when}{lasting}");
            using FaultyPlace place = new(history, verb, PlacePart.Repository, SmallDiskKind.Memory, what);
            string inject = string.Create(
                CultureInfo.InvariantCulture, $"inject={calls}:error={error}:when={when}{lasting}");
            string log = place.Output("strace.log");
            ToolResult result = place.RunTraced("-o", log, "-e", "trace=" + calls, "-e", inject);
            int injectedCount = File.ReadLines(log).Count(
                line => line.EndsWith("(INJECTED)", StringComparison.Ordinal));
            File.Delete(log);
            bool hasFailed = place.RequireAnswer(
                result, "Input/output error", "No space left on device", "Read-only file system");
            place.Require(injectedCount > 0 || !hasFailed, result, "a failure without a fault");
            place.RequirePoints(isHealed: false);
            place.RequireAsBefore(hasFailed);
            idleCount = injectedCount > 0 ? 0 : idleCount + 1;
            faultCount += injectedCount > 0 ? 1 : 0;
            failedCount += hasFailed ? 1 : 0;
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}, {error} of {calls}: {faultCount} faults, {failedCount} failures told"));
        Assert.True(IsWhole || failedCount > 0, "nothing failed");
    }

    /// <summary>A bad sector under a pack costs what lies there and nothing else.</summary>
    [Theory]
    [InlineData("restore")]
    [InlineData("verify")]
    [InlineData("full")]
    public void A_pack_that_cannot_be_read_is_said(string name)
    {
        FaultyVerb verb = FaultyVerb.Named(name);
        string[] packs = [.. Directory
            .EnumerateFiles(Path.Join(history.RepositoryPath, "packs"), "*", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)];
        int noticedCount = 0;
        foreach (string pack in packs)
        {
            using FaultyPlace place = new(history, verb, PlacePart.Repository, SmallDiskKind.Memory, "EIO of " + pack);
            string copy = Path.Join(place.Hvbackup.RepositoryPath, Path.GetRelativePath(history.RepositoryPath, pack));
            ToolResult result = place.RunTraced(
                "-o", "/dev/null", "-P", copy, "-e", "trace=pread64", "-e", "inject=pread64:error=EIO:when=1+");
            bool hasFailed = place.RequireAnswer(result, Path.GetFileName(pack), "has no good copy left");
            noticedCount += hasFailed ? 1 : 0;
            place.RequireAsBefore(hasFailed);
        }

        output.WriteLine($"{name}: {packs.Length} packs, {noticedCount} failures told");
        Assert.True(name == "full" || noticedCount > 0, "nothing was noticed");
    }
}
