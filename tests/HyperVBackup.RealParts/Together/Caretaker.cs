using System.Text.Json;

namespace HyperVBackup.RealParts.Together;

/// <summary>Prunes, collects and verifies, over and over. One thread.</summary>
internal sealed class Caretaker(Workplace workplace, string host, int seed)
{
    private const double KillChance = 0.3;
    private readonly Random random = new(seed);

    public void Prune() => workplace.Require(host, random, KillChance, "prune", "--keep-last", "3");

    public void Collect() => Collect(KillChance);

    public void Verify() => workplace.Require(host, random, KillChance, "verify", "--read-data");

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
