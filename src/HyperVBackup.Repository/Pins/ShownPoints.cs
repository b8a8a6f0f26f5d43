using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Points;

namespace HyperVBackup.Repository.Pins;

/// <summary>Tells which restore points people are shown: those not marked as pruned, and those pinned although they
/// are, which no collection proposes.</summary>
internal static class ShownPoints
{
    public static async Task<List<RestorePoint>> ListAsync(BackupRepository repository, CancellationToken token)
    {
        HashSet<SessionId> marked = [];
        await foreach (SessionId id in new PruneMarkFiles(repository.Store, repository.Id).ListAsync(token))
        {
            marked.Add(id);
        }

        List<RestorePoint> points = await repository.ListAllPointsAsync(token);
        if (marked.Count > 0)
        {
            PointLocks locks = await new PointPins(repository).ReadAsync(token);
            points.RemoveAll(point => marked.Contains(point.Id) && !locks.Holds(point.Id));
        }

        return points;
    }
}
