using HyperVBackup.Format.Points;

namespace HyperVBackup.Cli.Demo;

/// <summary>What one step of the demonstration did; null where there was nothing of the kind to count.</summary>
internal sealed record DemoStep(string What, string Result)
{
    public long? BytesRead { get; init; }

    public long? BytesAudited { get; init; }

    public long? BytesChanged { get; init; }

    public long? BytesStored { get; init; }

    public static DemoStep Of(string what, DiskPoint made, string result) => new(what, result)
    {
        BytesRead = made.Statistics.BytesRead,
        BytesAudited = made.Statistics.BytesAudited,
        BytesChanged = made.Statistics.BytesChanged,
        BytesStored = made.Statistics.BytesStored,
    };
}
