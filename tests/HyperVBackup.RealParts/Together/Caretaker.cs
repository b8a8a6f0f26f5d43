using System.Text.Json;
using HyperVBackup.Testing.Tools;

namespace HyperVBackup.RealParts.Together;

/// <summary>Prunes, collects and verifies, over and over. One thread.</summary>
internal sealed class Caretaker(Workplace workplace, string host, int seed)
{
    private const double KillChance = 0.3;
    private readonly Random random = new(seed);

    public void Prune() => workplace.Require(host, random, KillChance, "prune", "--keep-last", "3");

    public void Collect() => Collect(KillChance);

    /// <summary>Collectors that wait for a second only may be too quick for it: then it says so, and nothing else.
    /// </summary>
    public void Verify()
    {
        ToolResult result = workplace.Run(host, random, KillChance, "verify", "--read-data");
        if (result.Errors.Contains("run 'verify' again", StringComparison.Ordinal))
        {
            workplace.Count("verifications overtaken");
        }
        else if (result.ExitCode is not (0 or Workplace.Killed))
        {
            workplace.Violations.Enqueue($"{host}: verify said {result.Errors}{result.Output}");
        }
    }

    /// <summary>Collects what the others left, and finds the repository sound.</summary>
    public void Finish()
    {
        Collect(killChance: 0);
        Collect(killChance: 0);
        workplace.Require(host, random, 0, "verify", "--read-data");
    }

    private void Collect(double killChance)
    {
        if (workplace.Require(host, random, killChance, "collect", "--patience", "1s") is JsonElement said)
        {
            workplace.Count("KiB collected", (int)(said.GetProperty("bytesFreed").GetInt64() >> 10));
        }
    }
}
