using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Points;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Sessions;

/// <summary>
/// The one name that decides a writing session: <c>points/session</c>. The session puts its restore point there, or
/// somebody else a fence; who is first has decided (repo-format/concurrency.md, W6 and C6).
/// </summary>
internal sealed class CommitName(IBlobStore store, RepositoryId repository, SessionId session)
{
    private readonly BlobName name = new(FileNames.RestorePoint(session));

    /// <summary>True from the moment the point is sent until it is known what stands under the name. Ended so, the
    /// session must keep its lease: the point may yet appear.</summary>
    public bool IsInDoubt { get; private set; }

    /// <summary>Commits. The put is sent once. Where its answer is lost, a fence is put, which loses against a point
    /// that stands and makes it durable; then the store is asked what stands there.</summary>
    /// <exception cref="SessionFencedException">A fence was there first.</exception>
    /// <exception cref="StoreException">The store failed. Either nothing stood there and now a fence does, so that the
    /// point is never published; or <see cref="IsInDoubt"/> says that this could not be learned.</exception>
    public async Task CommitAsync(RestorePoint point, CancellationToken token)
    {
        byte[] file = FileOf(name.Path, point.Write());
        token.ThrowIfCancellationRequested();
        IsInDoubt = true;
        try
        {
            if (await store.TryPutAsync(name, file, CancellationToken.None))
            {
                IsInDoubt = false;
                return;
            }
        }
        catch (StoreException)
        {
            if (await TryFenceAsync(CancellationToken.None))
            {
                IsInDoubt = false;
                throw;
            }
        }

        // Also where the name was taken: a mount that sent our put twice found our own point there.
        byte[]? found = await SmallFile.TryReadAsync(store, name.Path, CancellationToken.None);
        IsInDoubt = false;
        if (found is null || !found.AsSpan().SequenceEqual(file))
        {
            throw new SessionFencedException(
                $"Session {session} was given up by a collector before it finished: nothing was published; run again.");
        }
    }

    /// <summary>Puts a fence unless the session has decided already. Either way the session is decided then, durably.
    /// </summary>
    /// <returns>True where our fence stands now.</returns>
    /// <exception cref="StoreException">The store failed, and the session may be undecided.</exception>
    public Task<bool> TryFenceAsync(CancellationToken token)
    {
        byte[] fence = new byte[FileHeader.SizeBytes];
        new FileHeader(FileKind.Fence, repository, name.Path).WriteTo(fence);
        return store.TryPutAsync(name, fence, token);
    }

    /// <summary>Puts the second copy of a point that stands. It comes after the commit, so that one without the other
    /// always means a point that was published; whoever finds it missing may put it.</summary>
    /// <exception cref="StoreException">The store failed; the point stands all the same.</exception>
    public Task PutMirrorAsync(RestorePoint point, CancellationToken token)
    {
        string mirror = FileNames.RestorePointMirror(session);
        return store.TryPutAsync(new BlobName(mirror), FileOf(mirror, point.Write()), token);
    }

    private byte[] FileOf(string path, byte[] plain) =>
        RecordFile.Write(new FileHeader(FileKind.RestorePoint, repository, path), plain, Compression.None);
}
