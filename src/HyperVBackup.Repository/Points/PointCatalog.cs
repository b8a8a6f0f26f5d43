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

    /// <summary>All restore points, oldest first within each VM; damaged ones go to <paramref name="damaged"/>.</summary>
    public async Task<List<RestorePoint>> ReadAllAsync(
        Action<SessionId, CorruptDataException> damaged, CancellationToken token)
    {
        List<RestorePoint> points = [];
        await foreach (SessionId id in ListDecidedAsync(token))
        {
            try
            {
                if (await TryReadAsync(id, token) is RestorePoint point)
                {
                    points.Add(point);
                }
            }
            catch (CorruptDataException complaint)
            {
                damaged(id, complaint);
            }
        }

        points.Sort(PointOrder.Compare);
        return points;
    }

    /// <returns>The point; null where there is none, or a fence.</returns>
    /// <exception cref="CorruptDataException">Both copies are damaged; names the file.</exception>
    public async ValueTask<RestorePoint?> TryReadAsync(SessionId id, CancellationToken token)
    {
        string name = FileNames.RestorePoint(id);
        byte[]? file = await SmallFile.TryReadAsync(store, name, token);
        if (file is null)
        {
            return null;
        }

        try
        {
            return FileHeader.Read(file).Kind == FileKind.Fence ? null : Read(id, file, name);
        }
        catch (CorruptDataException complaint)
        {
            return await TryReadMirrorAsync(id, token) ?? throw complaint.In(name, 0);
        }
    }

    /// <summary>Reads both copies of a point, each by itself.</summary>
    public async Task<PointCopies> ReadCopiesAsync(SessionId id, CancellationToken token)
    {
        string name = FileNames.RestorePoint(id);
        byte[]? file = await SmallFile.TryReadAsync(store, name, token);
        string mirror = FileNames.RestorePointMirror(id);
        byte[]? second = await SmallFile.TryReadAsync(store, mirror, token);
        bool isFence = file is not null && second is null && IsFence(file);
        return new PointCopies(isFence, CopyOf(id, file, name), CopyOf(id, second, mirror));
    }

    /// <summary>Reads the point from one copy's bytes.</summary>
    /// <exception cref="CorruptDataException">Names what is wrong.</exception>
    public RestorePoint Read(SessionId id, ReadOnlySpan<byte> file, string name) =>
        RestorePoint.Read(id, RecordFile.Read(file, FileKind.RestorePoint, repository, name));

    private PointCopy CopyOf(SessionId id, byte[]? file, string name)
    {
        try
        {
            return new PointCopy(name, file is null ? null : Read(id, file, name), null);
        }
        catch (CorruptDataException complaint)
        {
            return new PointCopy(name, null, complaint.Message);
        }
    }

    private static bool IsFence(byte[] file)
    {
        try
        {
            return FileHeader.Read(file).Kind == FileKind.Fence;
        }
        catch (CorruptDataException)
        {
            return false;
        }
    }

    private async ValueTask<RestorePoint?> TryReadMirrorAsync(SessionId id, CancellationToken token)
    {
        string name = FileNames.RestorePointMirror(id);
        byte[]? file = await SmallFile.TryReadAsync(store, name, token);
        try
        {
            return file is null ? null : Read(id, file, name);
        }
        catch (CorruptDataException)
        {
            return null; // the complaint about the first copy is the one to report
        }
    }
}
