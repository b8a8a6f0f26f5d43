using HyperVBackup.Format;
using HyperVBackup.Format.Collections;
using HyperVBackup.Format.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Deletes exactly what <c>retired/n</c> says (C9): points first, each with its lease and mark, then packs.
/// Nothing else deletes points or packs. Safe to stop and to repeat.</summary>
internal sealed class Execution(CollectionStore store)
{
    /// <summary>Of files that were there and are not any more.</summary>
    public long FreedBytes { get; private set; }

    /// <summary>Of these, the bytes of packs; parity is none.</summary>
    public long FreedPackBytes { get; private set; }

    public long FileCount { get; private set; }

    public List<SessionId> Points { get; } = [];

    public List<PackName> Packs { get; } = [];

    /// <param name="remains">What of the retired set is still there.</param>
    public async Task RunAsync(
        CollectionSet retired, CollectionSet remains, IProgress<CollectProgress> progress, CancellationToken token)
    {
        Invariant.Check(remains.Points.All(retired.Contains) && remains.Packs.All(retired.Contains));
        foreach (SessionId point in remains.Points)
        {
            await DeleteAsync(FileNames.Lease(point), token);
            await DeleteAsync(FileNames.RestorePointMirror(point), token); // never alone, where it would seem a point
            await DeleteAsync(FileNames.RestorePoint(point), token);
            await DeleteAsync(FileNames.PruneMark(point), token);
            Points.Add(point);
        }

        await RequireDurableAsync(retired, token);
        for (int index = 0; index < remains.Packs.Count; index++)
        {
            PackName pack = remains.Packs[index];
            long freedBefore = FreedBytes;
            await DeleteAsync(pack.BlobName, token);
            if (pack.Kind == PackKind.Maps)
            {
                await DeleteAsync(pack.MirrorBlobName, token);
            }

            if (pack.Kind != PackKind.Parity)
            {
                FreedPackBytes += FreedBytes - freedBefore;
                Packs.Add(pack);
            }

            progress.Report(new CollectProgress("delete", index + 1, remains.Packs.Count, FreedBytes));
        }
    }

    /// <summary>Makes it durable that nothing of a retired set is left: who deleted the last of it may have been killed
    /// before that was, and once another collection is proposed nobody deletes again what a power loss brings back.
    /// </summary>
    public async Task RequireGoneAsync(CollectionSet retired, CancellationToken token)
    {
        IEnumerable<string> names =
        [
            .. retired.Points.SelectMany(point =>
                (string[])[FileNames.RestorePointMirror(point), FileNames.RestorePoint(point)]),
            .. retired.Packs.Select(pack => pack.BlobName),
            .. retired.Packs.Where(pack => pack.Kind == PackKind.Maps).Select(pack => pack.MirrorBlobName),
        ];
        foreach (string name in names.DistinctBy(name => name[..name.LastIndexOf('/')]))
        {
            await store.Store.FlushNamesAsync(new BlobName(name), token);
        }
    }

    /// <summary>Removes marks of points that are gone, which anybody may.</summary>
    public async Task RemoveMarksAsync(IReadOnlyList<SessionId> gone, CancellationToken token)
    {
        if (gone.Count > 0)
        {
            await store.Marks.FlushPointsAsync(gone[0], token);
        }

        foreach (SessionId point in gone)
        {
            await DeleteAsync(FileNames.PruneMark(point), token);
        }
    }

    /// <summary>Points that another collector deleted must be gone for good before packs go.</summary>
    private async Task RequireDurableAsync(CollectionSet retired, CancellationToken token)
    {
        if (retired.Points.Count > 0)
        {
            await store.Store.DeleteAsync(new BlobName(FileNames.RestorePointMirror(retired.Points[0])), token);
            await store.Store.DeleteAsync(new BlobName(FileNames.RestorePoint(retired.Points[0])), token);
        }
    }

    private async Task DeleteAsync(string name, CancellationToken token)
    {
        BlobName blob = new(name);
        if (await store.Store.TryGetLengthAsync(blob, token) is long lengthBytes)
        {
            FreedBytes += lengthBytes;
            FileCount++;
            await store.Store.DeleteAsync(blob, token);
        }
    }
}
