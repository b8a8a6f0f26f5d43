using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using HyperVBackup.Testing.Tools;

namespace HyperVBackup.RealParts.Together;

/// <summary>One repository that several hosts use at a time: each is a host name of its own (a UTS namespace) with a
/// state folder of its own, and any of their processes may be killed at a random moment. Thread-safe.</summary>
internal sealed class Workplace(TestFolder folder)
{
    public const int Killed = 128 + 9;
    private const double KillSecondsMax = 1.5;
    private static readonly string Executable = ProgramUnderTest.Path;
    private readonly ConcurrentDictionary<string, int> counts = new(StringComparer.Ordinal);

    public TestFolder Folder => folder;

    public ImageBook Book { get; } = new();

    /// <summary>What must never happen, in the order it did.</summary>
    public ConcurrentQueue<string> Violations { get; } = new();

    public string Figures => string.Join(", ", counts.OrderBy(count => count.Key, StringComparer.Ordinal)
        .Select(count => string.Create(CultureInfo.InvariantCulture, $"{count.Key} {count.Value}")));

    public int CountOf(string what) => counts.GetValueOrDefault(what);

    public void Count(string what, int by = 1) => counts.AddOrUpdate(what, by, (_, before) => before + by);

    /// <summary>Runs a command on a host, to its end or until it is killed.</summary>
    /// <param name="killChance">From 0, never, to 1.</param>
    public ToolResult Run(string host, Random random, double killChance, params IEnumerable<string> arguments)
    {
        List<string> given = [.. arguments];
        bool isKilled = random.NextDouble() < killChance;
        // Mostly early: on an idle machine most commands are over in a fraction of the longest delay.
        double delaySeconds = Math.Pow(random.NextDouble(), 3) * KillSecondsMax;
        string seconds = delaySeconds.ToString("0.000", CultureInfo.InvariantCulture);
        string[] killer = isKilled ? ["timeout", "-s", "KILL", seconds] : [];
        ToolResult result = Tool.Try(
            "unshare",
            ["--uts", "sh", "-c", "hostname \"$0\" && exec \"$@\"", host,
                "env", $"HVBACKUP_STATE={folder.File("state-" + host)}",
                $"HVBACKUP_REPOSITORY={folder.File("repository")}",
                .. killer, Executable, .. given]);
        Count(result.ExitCode == Killed ? "kills" : given[0]);
        return result;
    }

    /// <summary>What must succeed unless it is killed.</summary>
    /// <returns>The JSON document; null where it was killed or, which is a violation, failed.</returns>
    public JsonElement? Require(string host, Random random, double killChance, params IEnumerable<string> arguments)
    {
        List<string> given = [.. arguments, "--json"];
        ToolResult result = Run(host, random, killChance, given);
        if (result.ExitCode == 0)
        {
            using JsonDocument document = JsonDocument.Parse(result.Output);
            return document.RootElement.Clone();
        }

        if (result.ExitCode != Killed)
        {
            Violations.Enqueue($"{host}: '{string.Join(' ', given)}' said {result.Errors}{result.Output}");
        }

        return null;
    }

    /// <summary>The points that are shown now, with their VMs.</summary>
    public List<(string Id, string Vm)> List(string host, Random random) =>
        Require(host, random, 0, "list") is JsonElement said
            ? [.. said.GetProperty("restorePoints").EnumerateArray().Select(point =>
                (point.GetProperty("id").GetString()!, point.GetProperty("vm").GetString()!))]
            : [];
}
