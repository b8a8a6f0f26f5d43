using System.Runtime.CompilerServices;
using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Points;

/// <summary>
/// Reads restore points: <c>points/session</c>, and where that copy is damaged <c>mirror/points/session</c>. A point
/// exists when its name stands in <c>points/</c> and is no fence. Thread-safe.
/// </summary>
internal sealed class PointCatalog(IBlobStore store, RepositoryId repository)
{
    /// <summary>The ids of all decided sessions: those that published a point, and those that were fenced.</summary>
    public async IAsyncEnumerable<SessionId> ListDecidedAsync([EnumeratorCancellation] CancellationToken token)
    {
        await foreach (BlobName name in store.ListAsync(FileNames.RestorePointFolder, token))
        {
            if (SessionId.TryParse(name.Path.AsSpan(FileNames.RestorePointFolder.Length), out SessionId id))
            {
                yield return id;
            }
        }
    }

    /// <returns>The point; null where there is none, or a fence.</returns>
    /// <exception cref="CorruptDataException">Both copies are damaged; names the file.</exception>
    public async ValueTask<RestorePoint?> TryReadAsync(SessionId id, CancellationToken token) =>
        (await FindAsync(id, token)).Point;

    /// <summary>Whether no file stands under the point's name.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async ValueTask<bool> IsGoneAsync(SessionId id, CancellationToken token) =>
        await store.TryGetLengthAsync(new BlobName(FileNames.RestorePoint(id)), token) is null;

    /// <returns>The copy that serves; without a point where there is none, or a fence.</returns>
    /// <exception cref="CorruptDataException">Both copies are damaged; names the file.</exception>
    public async ValueTask<PointCopy> FindAsync(SessionId id, CancellationToken token)
    {
        string name = FileNames.RestorePoint(id);
        try
        {
            byte[]? file = await ReadFileAsync(name, token);
            return new PointCopy(name, file is null || IsFence(file, name) ? null : Read(id, file, name), null);
        }
        catch (CorruptDataException complaint)
        {
            PointCopy second = await ReadCopyAsync(id, FileNames.RestorePointMirror(id), token);
            return second.Point is null ? throw complaint.In(name, 0) : second;
        }
    }

    /// <summary>Reads both copies of a point, each by itself.</summary>
    public async Task<PointCopies> ReadCopiesAsync(SessionId id, CancellationToken token)
    {
        PointCopy second = await ReadCopyAsync(id, FileNames.RestorePointMirror(id), token);
        bool isAlone = second.Point is null && second.Complaint is null;
        return isAlone && await IsFenceAsync(FileNames.RestorePoint(id), token)
            ? new PointCopies(true, second, second)
            : new PointCopies(false, await ReadCopyAsync(id, FileNames.RestorePoint(id), token), second);
    }

    /// <summary>Reads the point from one copy's bytes.</summary>
    /// <exception cref="CorruptDataException">Names what is wrong.</exception>
    public RestorePoint Read(SessionId id, ReadOnlySpan<byte> file, string name) =>
        RestorePoint.Read(id, RecordFile.Read(file, FileKind.RestorePoint, repository, name));

    private async Task<PointCopy> ReadCopyAsync(SessionId id, string name, CancellationToken token)
    {
        try
        {
            byte[]? file = await ReadFileAsync(name, token);
            return new PointCopy(name, file is null ? null : Read(id, file, name), null);
        }
        catch (CorruptDataException complaint)
        {
            return new PointCopy(name, null, complaint.Message);
        }
    }

    private async Task<bool> IsFenceAsync(string name, CancellationToken token)
    {
        try
        {
            return await ReadFileAsync(name, token) is byte[] file && IsFence(file, name);
        }
        catch (CorruptDataException)
        {
            return false;
        }
    }

    /// <exception cref="CorruptDataException">It is no file of ours, or a fence put under another name.</exception>
    private bool IsFence(byte[] file, string name)
    {
        FileHeader header = FileHeader.Read(file);
        if (header.Kind != FileKind.Fence)
        {
            return false;
        }

        header.Expect(FileKind.Fence, repository, name);
        Corrupt.Unless(file.Length == FileHeader.SizeBytes, "fence: bytes after its header");
        return true;
    }

    /// <exception cref="CorruptDataException">It is there and cannot be read: one bad sector must not cost what
    /// stands twice.</exception>
    private async ValueTask<byte[]?> ReadFileAsync(string name, CancellationToken token)
    {
        try
        {
            return await SmallFile.TryReadAsync(store, name, token);
        }
        catch (StoreException failure)
        {
            throw new CorruptDataException(failure.Message, failure);
        }
    }
}
