using System.Runtime.CompilerServices;
using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Points;

/// <summary>Prune marks as files: <c>pruned/session</c>, put once. The name alone marks the point. Thread-safe.
/// </summary>
internal sealed class PruneMarkFiles(IBlobStore store, RepositoryId repository)
{
    /// <summary>The points that are marked.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async IAsyncEnumerable<SessionId> ListAsync([EnumeratorCancellation] CancellationToken token)
    {
        await foreach (BlobName name in store.ListAsync(FileNames.PruneMarkFolder, token))
        {
            if (SessionId.TryParse(name.Path.AsSpan(FileNames.PruneMarkFolder.Length), out SessionId id))
            {
                yield return id;
            }
        }
    }

    /// <summary>Marks a point (P1).</summary>
    /// <returns>False where it was marked already.</returns>
    /// <exception cref="StoreException">The store failed: the mark may stand all the same.</exception>
    public Task<bool> TryPutAsync(SessionId point, PruneMark mark, CancellationToken token)
    {
        string name = FileNames.PruneMark(point);
        FileHeader header = new(FileKind.PruneMark, repository, name);
        return store.TryPutAsync(
            new BlobName(name), RecordFile.Write(header, mark.Write(), Compression.None), token);
    }

    /// <summary>Makes durable which points are marked now: whoever marked one may have been killed before that was.
    /// </summary>
    /// <param name="point">Any of them.</param>
    /// <exception cref="StoreException">The store refuses.</exception>
    public Task FlushAsync(SessionId point, CancellationToken token) =>
        store.FlushNamesAsync(new BlobName(FileNames.PruneMark(point)), token);

    /// <summary>Makes durable which points are gone now, before marks of theirs are taken away: whoever deleted a point
    /// may have been killed before that was, and without its mark it would be shown again after a power loss.</summary>
    /// <param name="point">Any of them.</param>
    /// <exception cref="StoreException">The store refuses.</exception>
    public async Task FlushPointsAsync(SessionId point, CancellationToken token)
    {
        await store.FlushNamesAsync(new BlobName(FileNames.RestorePointMirror(point)), token);
        await store.FlushNamesAsync(new BlobName(FileNames.RestorePoint(point)), token);
    }

    /// <summary>Takes a mark away. Nothing but cleaning up and a collection may: the point is gone for good.</summary>
    /// <exception cref="StoreException">The store failed.</exception>
    public Task DeleteAsync(SessionId point) =>
        store.DeleteAsync(new BlobName(FileNames.PruneMark(point)), CancellationToken.None);

    /// <returns>What the mark says; null where there is none.</returns>
    /// <exception cref="CorruptDataException">It is damaged, which unmarks nothing.</exception>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<PruneMark?> TryReadAsync(SessionId point, CancellationToken token)
    {
        string name = FileNames.PruneMark(point);
        return await SmallFile.TryReadAsync(store, name, token) is byte[] file
            ? PruneMark.Read(RecordFile.Read(file, FileKind.PruneMark, repository, name))
            : null;
    }
}
