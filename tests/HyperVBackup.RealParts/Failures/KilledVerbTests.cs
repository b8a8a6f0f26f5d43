using System.Diagnostics;
using System.Globalization;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Failures;

/// <summary>The real process is killed at system calls and at random moments, whatever it does.</summary>
public sealed class KilledVerbTests(ITestOutputHelper output) : IDisposable
{
    private const int SuiteKillCount = 12;

    /// <summary>What strace waits for, and up to which call of a thread. Opening begins with the runtime's own files.
    /// </summary>
    private static readonly (string Calls, int First, int Last)[] calls =
    [
        ("write,pwrite64", 1, 25), ("fsync,fdatasync", 1, 12), ("rename,renameat2,link,linkat", 1, 8),
        ("unlink,unlinkat", 1, 10), ("openat", 100, 260),
    ];

    private readonly TestFolder folder = new();

    /// <summary>More of them in a long run.</summary>
    private static int KillCount =>
        int.TryParse(Environment.GetEnvironmentVariable("HVBACKUP_KILLS"), out int count) ? count : SuiteKillCount;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_kill_of_any_verb_at_any_system_call_leaves_every_point_whole_and_the_next_backup_good()
    {
        long started = Stopwatch.GetTimestamp();
        Random random = new(1);
        KilledRepository repository = await KilledRepository.MakeAsync(folder);
        SortedDictionary<string, int> kills = new(StringComparer.Ordinal);
        int killCount = 0;
        for (int attempt = 0; killCount < KillCount; attempt++)
        {
            Assert.True(attempt < 10 * KillCount, $"only {killCount} of {attempt} runs were killed");
            KilledVerb verb = repository.Verbs[attempt % repository.Verbs.Count];
            if (await KillAsync(repository, verb, random))
            {
                killCount++;
                kills[verb.Name] = kills.GetValueOrDefault(verb.Name) + 1;
            }
        }

        output.WriteLine(
            $"{killCount} kills ({string.Join(", ", kills.Select(verb => $"{verb.Key} {verb.Value}"))}), 0 violations, "
            + $"{Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s");
    }

    /// <summary>At a call, whose number counts for each thread by itself; every fifth at a random moment.</summary>
    private static async Task<bool> KillAsync(KilledRepository repository, KilledVerb verb, Random random)
    {
        (string names, int first, int last) = calls[random.Next(calls.Length)];
        int when = random.Next(first, last + 1);
        string inject = string.Create(CultureInfo.InvariantCulture, $"inject={names}:signal=KILL:when={when}");
        int? milliseconds = random.Next(5) == 0 ? random.Next(80, 600) : null;
        try
        {
            return await repository.KillAsync(verb, milliseconds, "-e", $"trace={names}", "-e", inject);
        }
        catch (Exception failure)
        {
            string where = milliseconds is null ? inject : $"after {milliseconds} ms";
            throw new InvalidOperationException($"'{verb.Name}' killed ({where}): {failure.Message}", failure);
        }
    }
}
