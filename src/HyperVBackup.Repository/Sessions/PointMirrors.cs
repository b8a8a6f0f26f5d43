using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Points;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Sessions;

/// <summary>Keeps the second copies of restore points complete: puts those that are missing, and takes away those that
/// a slow session put after a collection had deleted the point.</summary>
internal sealed class PointMirrors(BackupRepository repository, PointCatalog catalog, CollectionFiles collections)
{
    /// <param name="points">All that no collection is about to delete.</param>
    /// <param name="decided">Names that stood under <c>points/</c> a moment ago.</param>
    public async Task MendAsync(
        List<RestorePoint> points, IReadOnlySet<SessionId> decided, CancellationToken token)
    {
        HashSet<SessionId> mirrored = await LostPoints.ListSecondCopiesAsync(repository.Store, token);
        List<RestorePoint> alone = [.. points.Where(point => !mirrored.Contains(point.Id))];
        if (alone.Count > 0)
        {
            // A second copy outlives no first one that its writer was killed at.
            await repository.Store.FlushNamesAsync(new BlobName(FileNames.RestorePoint(alone[0].Id)), token);
        }

        foreach (RestorePoint point in alone)
        {
            await repository.TryMirrorAsync(
                new CommitName(repository.Store, repository.Id, point.Id), point);
        }

        mirrored.ExceptWith(decided);
        await DeleteCollectedAsync(mirrored, token);
    }

    /// <summary>A second copy alone may also be what is left of a point that was lost; only what a collection says it
    /// deletes is deleted.</summary>
    private async Task DeleteCollectedAsync(HashSet<SessionId> seconds, CancellationToken token)
    {
        HashSet<SessionId> gone = [];
        foreach (SessionId id in seconds)
        {
            if (await catalog.IsGoneAsync(id, token))
            {
                gone.Add(id);
            }
        }

        try
        {
            foreach (SessionId id in await collections.FindCollectedAsync(gone, token))
            {
                await repository.Store.DeleteAsync(new BlobName(FileNames.RestorePointMirror(id)), token);
            }
        }
        catch (StoreException failure)
        {
            repository.Warn($"Second copies of deleted restore points could not be cleaned up: {failure.Message}");
        }
    }
}
