using HyperVBackup.Format.Points;
using HyperVBackup.Repository;

namespace HyperVBackup.Operations.Hosted;

/// <summary>Which tracking ids the points of machines record, by one listing of the repository for all machines of a
/// job, made when it is first asked. A point that another process publishes later is not seen: then its reference
/// point counts as of no use, and the machine's disks are compared next time. Not thread-safe.</summary>
public sealed class RecordedPoints(BackupRepository repository)
{
    private HashSet<(string Machine, string TrackingId)>? recorded;

    /// <summary>Whether a point of a machine records a tracking id.</summary>
    public Func<string, bool> Of(Guid machine)
    {
        string identity = machine.ToString("D");
        return id => (recorded ??= List()).Contains((identity, id));
    }

    private HashSet<(string Machine, string TrackingId)> List()
    {
        List<RestorePoint> points = repository.ListPointsAsync(CancellationToken.None).GetAwaiter().GetResult();
        return [.. from point in points
                   where point.VmIdentity is not null
                   from disk in point.Disks
                   where disk.TrackingId is not null
                   select (point.VmIdentity!, disk.TrackingId!)];
    }
}
