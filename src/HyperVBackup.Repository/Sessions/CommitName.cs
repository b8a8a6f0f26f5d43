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

    /// <summary>What stands under the name stays: the point itself; the fence of a session that ends without one; or a
    /// fence that keeps out a point which was sent, but never answered for, and may still arrive.</summary>
    private bool isKept;

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
        await RequireRepositoryAsync(token);
        IsInDoubt = isKept = true;
        try
        {
            bool isOurs = await store.TryPutAsync(name, file, CancellationToken.None);
            isKept = isOurs;
            if (isOurs)
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
        bool isPublished = found is not null && found.AsSpan().SequenceEqual(file);
        isKept |= isPublished;
        if (!isPublished)
        {
            throw Fenced();
        }
    }

    /// <summary>A mount may have gone since the packs were written: a point in the empty folder that it leaves behind
    /// would be taken for a backup.</summary>
    private async Task RequireRepositoryAsync(CancellationToken token)
    {
        if (await store.TryGetLengthAsync(new BlobName(FileNames.Repository), token) is null
            && await store.TryGetLengthAsync(new BlobName(FileNames.RepositoryMirror), token) is null)
        {
            throw new StoreException(
                $"The repository in '{store.Description}' is gone; nothing was published; check its mount.");
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

    /// <summary>Ends a session that adds packs and no point: with a fence of its own it is decided, as every other, and
    /// hosts take its packs into their indexes.</summary>
    /// <exception cref="StoreException">The store failed, and the session may be undecided.</exception>
    public async Task DecideWithoutPointAsync(CancellationToken token)
    {
        isKept = true;
        await TryFenceAsync(token);
    }

    /// <summary>To be asked before the point is sent, by the session itself.</summary>
    /// <exception cref="SessionFencedException">A fence stands under the name.</exception>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task ThrowIfFencedAsync(CancellationToken token)
    {
        if (await IsFencedAsync(token))
        {
            throw Fenced();
        }
    }

    /// <inheritdoc cref="ThrowIfFencedAsync"/>
    public async Task<bool> IsFencedAsync(CancellationToken token) =>
        await store.TryGetLengthAsync(name, token) is not null;

    /// <summary>Takes away the fence that somebody put for this session, which has ended and never commits any more:
    /// only the session itself knows that. Never fails; a fence left behind does no harm.</summary>
    public async Task TryRemoveFenceAsync()
    {
        try
        {
            byte[]? found = isKept
                ? null
                : await SmallFile.TryReadAsync(store, name.Path, CancellationToken.None);
            if (found?.Length == FileHeader.SizeBytes && FileHeader.Read(found).Kind == FileKind.Fence)
            {
                await store.DeleteAsync(name, CancellationToken.None);
            }
        }
        catch (Exception failure) when (failure is StoreException or CorruptDataException)
        {
            return; // See the summary.
        }
    }

    /// <summary>Puts the second copy of a point that stands. It comes after the commit, so that one without the other
    /// always means a point that was published; whoever finds it missing may put it.</summary>
    /// <exception cref="StoreException">The store failed; the point stands all the same.</exception>
    public Task PutMirrorAsync(RestorePoint point, CancellationToken token)
    {
        string mirror = FileNames.RestorePointMirror(session);
        return store.TryPutAsync(new BlobName(mirror), FileOf(mirror, point.Write()), token);
    }

    private SessionFencedException Fenced() => new(
        $"Session {session} was given up by a collector before it finished: nothing was published; run again.");

    private byte[] FileOf(string path, byte[] plain) =>
        RecordFile.Write(new FileHeader(FileKind.RestorePoint, repository, path), plain, Compression.None);
}
