using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Points;

namespace HyperVBackup.Operations.Backup;

/// <summary>
/// Whether a disk's change source is believed, from the disk's restore points: any host sees it, whatever became of
/// another's state. Each point names the catches that it knows of and those that were ended; what any point names as
/// open and none as ended counts. So backups that overlap end only what they knew of, and points may be pruned.
/// Immutable.
/// </summary>
/// <param name="Open">Ascending.</param>
/// <param name="Ended">Those that a point still names as open; ascending.</param>
/// <param name="WasCaught">Whether the source ever was.</param>
internal sealed record SourceDistrust(
    IReadOnlyList<SourceCatch> Open, IReadOnlyList<SourceCatch> Ended, bool WasCaught)
{
    public const string Reason =
        "the change source was caught by an audit before, and no full comparison has found it right since";

    /// <summary>Of a source that was never caught.</summary>
    public static SourceDistrust None { get; } = new([], [], false);

    public SourceTrust Trust => Open.Count > 0
        ? SourceTrust.Distrusted
        : WasCaught ? SourceTrust.Restored : SourceTrust.Undoubted;

    /// <param name="disks">The disk in the VM's points, in any order.</param>
    public static SourceDistrust Of(IEnumerable<DiskPoint> disks)
    {
        HashSet<SourceCatch> named = [];
        HashSet<SourceCatch> ended = [];
        bool wasCaught = false;
        foreach (DiskAudit audit in disks.Select(disk => disk.Audit))
        {
            named.UnionWith(audit.OpenCatches);
            ended.UnionWith(audit.EndedCatches);
            wasCaught |= audit.Trust != SourceTrust.Undoubted;
        }

        return new SourceDistrust([.. named.Except(ended).Order()], [.. named.Intersect(ended).Order()], wasCaught);
    }

    /// <summary>It was caught once more: that stands for all catches known before.</summary>
    public SourceDistrust AfterCatch(SourceCatch now) => new([now], [.. Open.Concat(Ended).Order()], true);

    /// <summary>A full comparison found it right.</summary>
    public SourceDistrust AfterProof() => new([], [.. Open.Concat(Ended).Order()], true);

    /// <summary>What a point says of it. Where there are more catches than a point may name, it names some: of open
    /// ones one is enough, and one that is not named as ended is open again, which is safe.</summary>
    public DiskAudit SaidIn(DiskAudit audit) => audit with
    {
        Trust = Trust,
        OpenCatches = [.. Open.Take(FormatLimits.SourceCatchCountMax)],
        EndedCatches = [.. Ended.Take(FormatLimits.SourceCatchCountMax)],
    };
}
