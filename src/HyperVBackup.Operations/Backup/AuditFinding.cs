using HyperVBackup.Disks;

namespace HyperVBackup.Operations.Backup;

/// <summary>What an audit found changed on a disk although the change source called it unchanged.</summary>
/// <param name="Disk">The disk's name in the point.</param>
/// <param name="ChunkCount">How many chunks.</param>
/// <param name="Ranges">Where they lie, ascending, in whole chunks: the first thousand ranges.</param>
public sealed record AuditFinding(string Disk, long ChunkCount, IReadOnlyList<ByteRange> Ranges)
{
    private const int RangesToldMax = 5;

    /// <summary>Half a sentence with the first few ranges.</summary>
    internal string Reason
    {
        get
        {
            string ranges = string.Join(", ", Ranges.Take(RangesToldMax));
            return $"the audit found {ChunkCount} changed chunks that the change source called unchanged ({ranges}"
                + (Ranges.Count > RangesToldMax ? ", …)" : ")");
        }
    }

    /// <returns>Null where nothing was found.</returns>
    internal static AuditFinding? Of(string disk, DiskTally tally, int chunkSizeBytes) => tally.MismatchCount == 0
        ? null
        : new AuditFinding(disk, tally.MismatchCount, [.. tally.FirstMismatches.Select(run =>
            new ByteRange(run.FirstIndex * chunkSizeBytes, run.Count * chunkSizeBytes))]);
}
