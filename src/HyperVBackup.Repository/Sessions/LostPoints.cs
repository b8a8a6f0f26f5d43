using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Points;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Sessions;

/// <summary>Restore points of which the first copy is gone by accident and the second one stands: no collection says
/// that it deleted them, so all that they need is kept. Thread-safe.</summary>
internal sealed class LostPoints(PointCatalog catalog, CollectionFiles collections)
{
    private const string Folder = FileNames.MirrorFolder + FileNames.RestorePointFolder;

    /// <summary>The points of which a second copy stands.</summary>
    /// <exception cref="StoreException">The store cannot be listed.</exception>
    public static async Task<HashSet<SessionId>> ListSecondCopiesAsync(IBlobStore store, CancellationToken token)
    {
        HashSet<SessionId> mirrored = [];
        await foreach (BlobName name in store.ListAsync(Folder, token))
        {
            if (SessionId.TryParse(name.Path.AsSpan(Folder.Length), out SessionId id))
            {
                mirrored.Add(id);
            }
        }

        return mirrored;
    }

    /// <returns>Null where there is no second copy either, or where it came late to a point that was collected.
    /// </returns>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<RestorePoint?> TryReadAsync(SessionId id, CancellationToken token)
    {
        PointCopies copies = await catalog.ReadCopiesAsync(id, token);
        bool isLost = copies.First.Point is null && copies.Second.Point is not null
            && (await collections.FindCollectedAsync(new HashSet<SessionId> { id }, token)).Count == 0;
        return isLost ? copies.Second.Point : null;
    }
}
