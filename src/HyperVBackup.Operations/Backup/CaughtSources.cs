namespace HyperVBackup.Operations.Backup;

/// <summary>Which change sources were caught in one call of a backup, by disk name. It is kept over the runs of that
/// call, so that what one run found counts though another one makes the point. Not thread-safe.</summary>
internal sealed class CaughtSources
{
    private readonly Dictionary<string, AuditFinding> byDisk = new(StringComparer.OrdinalIgnoreCase);

    /// <returns>Null where the disk's source was not caught.</returns>
    public AuditFinding? Of(string disk) => byDisk.GetValueOrDefault(disk);

    /// <summary>Where it was found before, the finding of more chunks is kept.</summary>
    public void Add(AuditFinding finding)
    {
        if (Of(finding.Disk) is not AuditFinding before || before.ChunkCount < finding.ChunkCount)
        {
            byDisk[finding.Disk] = finding;
        }
    }
}
