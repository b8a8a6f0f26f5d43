using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format.Points;

namespace HyperVBackup.Operations.Backup;

/// <summary>How one disk is backed up, and from what: decided before anything is read.</summary>
/// <param name="ParentPoint">The point to inherit from; null for a full.</param>
/// <param name="Parent">The same disk in it.</param>
/// <param name="Ranges">What the source says has changed; null to read the whole disk.</param>
/// <param name="LostReason">Why the changes are not known, or not believed, where there is a parent to compare with.
/// </param>
internal sealed record DiskPlan(
    RestorePointKind Kind, RestorePoint? ParentPoint, DiskPoint? Parent, ChangedRanges? Ranges, string? LostReason)
{
    private const int ReasonLengthMax = 1000;

    public static DiskPlan Full { get; } = new(RestorePointKind.Full, null, null, null, null);

    /// <summary>Whether the source was believed so far. Of one that was not, the whole disk is read, and the ranges are
    /// a claim that is held against it.</summary>
    public SourceDistrust Distrust { get; init; } = SourceDistrust.None;

    /// <summary>Where an incremental's audit goes on.</summary>
    public AuditState AuditState { get; private init; } = AuditState.None;

    /// <summary>Any doubt about the changes means that they are lost; then the newest point is compared with.
    /// </summary>
    /// <param name="points">The VM's points, oldest first.</param>
    /// <param name="isIdentityShared">Another disk of the same backup has the same identity.</param>
    /// <exception cref="DiskImageException">The disk was raw, and looks like an image now.</exception>
    public static DiskPlan Decide(
        IReadOnlyList<RestorePoint> points, DiskRequest request, IDiskView view, int chunkSizeBytes, bool full,
        bool isIdentityShared = false)
    {
        RequireStillRaw(points, request, view.Disk);
        List<(RestorePoint Point, DiskPoint Disk)> candidates =
            Candidates(points, request, view.Disk, isIdentityShared);
        SourceDistrust distrust = SourceDistrust.Of(candidates.Select(candidate => candidate.Disk));
        DiskPlan plan = full ? Full : Decide(candidates, request, view, chunkSizeBytes);
        bool isClaim = plan.Kind == RestorePointKind.Incremental && distrust.Trust == SourceTrust.Distrusted;
        return isClaim
            ? plan with { Distrust = distrust, Kind = RestorePointKind.Recovered, LostReason = SourceDistrust.Reason }
            : plan with { Distrust = distrust };
    }

    private static void RequireStillRaw(IReadOnlyList<RestorePoint> points, DiskRequest request, IDisk disk)
    {
        DiskPoint? before = points.Reverse().Select(point => DiskMatch.ByName(point, request.Name))
            .FirstOrDefault(found => found is not null);
        if (before?.Identity == "" && !string.IsNullOrEmpty(disk.Identity) && !request.MayGainIdentity)
        {
            throw new DiskImageException(
                $"Disk '{request.Name}' was raw when it was backed up last, and '{disk.Description}' reads as a VHDX "
                + $"or VHD of {disk.VirtualSizeBytes} bytes now, which its guest may have made it look like; give it "
                + "as raw:PATH, or as image:PATH if it was replaced.");
        }
    }

    private static DiskPlan Decide(
        List<(RestorePoint Point, DiskPoint Disk)> candidates, DiskRequest request, IDiskView view, int chunkSizeBytes)
    {
        candidates.RemoveAll(candidate => candidate.Disk.ChunkSizeBytes != chunkSizeBytes);
        if (candidates.Count == 0)
        {
            return Full;
        }

        (RestorePoint newestPoint, DiskPoint newest) = candidates[^1];
        if (view.Changes is not DiskChanges.Known known)
        {
            string reason = view.Changes is DiskChanges.Lost lost ? lost.Reason : "the change source gave no answer";
            return Recovery(newestPoint, newest, reason);
        }

        string? since = request.Source.Since;
        int match = since is null ? -1 : candidates.FindLastIndex(candidate => candidate.Disk.TrackingId == since);
        if (match < 0)
        {
            return Recovery(newestPoint, newest, since is null
                ? "the change source does not say since when"
                : $"no restore point of this disk recorded the tracking id '{since}' that the changes start from");
        }

        (RestorePoint point, DiskPoint parent) = candidates[match];
        string? doubt = Doubt(parent, view.Disk, known.Ranges);
        return doubt is null
            ? new DiskPlan(RestorePointKind.Incremental, point, parent, known.Ranges, null)
            {
                AuditState = AuditState.After(candidates, point, parent),
            }
            : Recovery(newestPoint, newest, doubt);
    }

    /// <summary>The points that hold this disk, matched by identity and only where none does by name.</summary>
    public static List<(RestorePoint Point, DiskPoint Disk)> Candidates(
        IReadOnlyList<RestorePoint> points, DiskRequest request, IDisk disk, bool isIdentityShared)
    {
        List<(RestorePoint Point, DiskPoint Disk)> same = Found(
            points, point => DiskMatch.ByIdentity(point, disk.Identity, request.Name, isIdentityShared));
        return same.Count > 0 ? same : Found(points, point => DiskMatch.ByName(point, request.Name));
    }

    private static List<(RestorePoint Point, DiskPoint Disk)> Found(
        IReadOnlyList<RestorePoint> points, Func<RestorePoint, DiskPoint?> find)
    {
        List<(RestorePoint Point, DiskPoint Disk)> found = [];
        foreach (RestorePoint point in points)
        {
            if (find(point) is DiskPoint disk)
            {
                found.Add((point, disk));
            }
        }

        return found;
    }

    private static DiskPlan Recovery(RestorePoint point, DiskPoint disk, string reason) =>
        new(RestorePointKind.Recovered, point, disk, null, Shorten(reason));

    /// <summary>A restore point holds little text, and a source may say much.</summary>
    private static string Shorten(string reason) => reason.Length <= ReasonLengthMax
        ? reason
        : $"{reason.AsSpan(0, ReasonLengthMax - (char.IsHighSurrogate(reason[ReasonLengthMax - 1]) ? 1 : 0))}…";

    private static string? Doubt(DiskPoint parent, IDisk disk, ChangedRanges ranges)
    {
        if (parent.VirtualSizeBytes != disk.VirtualSizeBytes)
        {
            return $"the disk was resized from {parent.VirtualSizeBytes} to {disk.VirtualSizeBytes} bytes";
        }

        if (ranges.EndBytes > disk.VirtualSizeBytes)
        {
            return $"the changes reach byte {ranges.EndBytes} of a disk of {disk.VirtualSizeBytes}";
        }

        return parent.Identity == (disk.Identity ?? "")
            ? null
            : $"the disk was replaced: it is {Told(disk.Identity)} and was {Told(parent.Identity)}";
    }

    private static string Told(string? identity) => string.IsNullOrEmpty(identity) ? "without identity" : identity;
}
