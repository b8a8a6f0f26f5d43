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

    /// <summary>Commits. The put is sent once; where its answer is lost, the store is asked what stands there.</summary>
    /// <exception cref="SessionFencedException">A fence was there first.</exception>
    /// <exception cref="StoreException">The store failed, and what stands under the name could not be learned, or
    /// nothing stood there and now a fence does: the point is not published.</exception>
    public async Task CommitAsync(RestorePoint point, CancellationToken token)
    {
        byte[] file = FileOf(name.Path, point.Write());
        token.ThrowIfCancellationRequested();
        bool isOurs;
        try
        {
            isOurs = await store.TryPutAsync(name, file, CancellationToken.None)
                || await IsThereAsync(file); // a file server may say "taken" of a put of ours that it repeated
        }
        catch (StoreException)
        {
            if (!await StandsAfterLostAnswerAsync(file))
            {
                throw;
            }

            isOurs = true;
        }

        if (!isOurs)
        {
            throw new SessionFencedException(
                $"Session {session} was given up by a collector before it finished: nothing was published; run again.");
        }
    }

    /// <summary>Puts a fence unless the session has decided already.</summary>
    /// <returns>True where our fence stands now.</returns>
    public Task<bool> TryFenceAsync(CancellationToken token)
    {
        byte[] fence = new byte[FileHeader.SizeBytes];
        new FileHeader(FileKind.Fence, repository, name.Path).WriteTo(fence);
        return store.TryPutAsync(name, fence, token);
    }

    private async Task<bool> StandsAfterLostAnswerAsync(byte[] file)
    {
        bool isAbsent = await store.TryGetLengthAsync(name, CancellationToken.None) is null;
        bool isFenced = isAbsent && await TryFenceAsync(CancellationToken.None);
        return !isFenced && await IsThereAsync(file);
    }

    private async Task<bool> IsThereAsync(byte[] file)
    {
        byte[]? found = await SmallFile.TryReadAsync(store, name.Path, CancellationToken.None);
        return found is not null && found.AsSpan().SequenceEqual(file);
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
