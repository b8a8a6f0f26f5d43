namespace HyperVBackup.Hosts.Probing;

/// <summary>What a probe found. Not thread-safe.</summary>
internal sealed class ProbeReport
{
    private static readonly string[] Hopes =
    [
        "a tracking id stands for what its checkpoint held",
        "settings are taken as the text that is written here, with the name in it",
        "changes of a whole disk are told at once",
        "a machine that is off gets a recovery checkpoint",
        "after a resize, a compaction, an applied checkpoint or a migration changes are told, or nothing is believed",
        "disks are read through their handle, and ranges are told by sectors",
        "a tracking id outlives its reference point",
        "the host's management interface answers",
        "changes of the machine are tracked",
    ];

    private readonly (ProbeResult Result, string Detail)?[] found = new (ProbeResult, string)?[Hopes.Length];

    /// <param name="number">From 1 on.</param>
    public static string HopeOf(int number) => Hopes[number - 1];

    /// <param name="number">From 1 on. What was found not to hold stays so.</param>
    public void Note(int number, bool holds, string detail)
    {
        if (found[number - 1] is not { Result: ProbeResult.DoesNotHold })
        {
            found[number - 1] = (holds ? ProbeResult.Holds : ProbeResult.DoesNotHold, detail);
        }
    }

    /// <summary>Says why nothing is found of a point, unless something is.</summary>
    public void Skip(int number, string why) => found[number - 1] ??= (ProbeResult.NotAsked, why);

    /// <param name="why">Why the others were not asked.</param>
    public IReadOnlyList<ProbePoint> Points(string why) => [.. Hopes.Select((hope, index) =>
    {
        (ProbeResult result, string detail) = found[index] ?? (ProbeResult.NotAsked, why);
        return new ProbePoint(index + 1, hope, result, detail);
    })];
}
