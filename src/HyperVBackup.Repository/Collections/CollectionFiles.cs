using System.Collections.Concurrent;
using System.Globalization;
using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Collections;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Points;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Collections;

/// <summary>
/// The collections of a repository as files: <c>condemned/n</c> and <c>retired/n</c>, put once and never deleted, n
/// from 1. Only the highest n matters: the next one is not proposed before everything that <c>retired/n</c> names is
/// gone (repo-format/concurrency.md). Each has a second copy, which stands in for one that is damaged. Thread-safe;
/// kept between calls is only which points were retired, which never changes.
/// </summary>
internal sealed class CollectionFiles(IBlobStore store, RepositoryId repository)
{
    private readonly ConcurrentDictionary<long, HashSet<SessionId>> retiredPoints = new();

    /// <returns>The highest number there is; 0 where there has been no collection.</returns>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<long> ReadHighestAsync(CancellationToken token)
    {
        long highest = 0;
        foreach (string folder in (string[])[FileNames.CondemnedFolder, FileNames.RetiredFolder])
        {
            await foreach (BlobName name in store.ListAsync(folder, token))
            {
                highest = Math.Max(highest, NumberOf(name.Path, folder));
            }
        }

        return highest;
    }

    /// <summary>How far the highest collection has come, as of now.</summary>
    /// <exception cref="RepositoryUnusableException">Its file is missing, damaged or another's.</exception>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<CollectionState> ReadStateAsync(CancellationToken token)
    {
        long number = await ReadHighestAsync(token);
        if (number == 0)
        {
            return new CollectionState(0, null, null);
        }

        CollectionSet? retired = await TryReadRetiredAsync(number, token);
        CollectionSet? condemned = retired is null
            ? await TryReadCondemnedAsync(number, token) ?? throw Lost(FileNames.Condemned(number), "it is gone")
            : null;
        return new CollectionState(number, condemned, retired);
    }

    /// <summary>The same for whoever relies on it: no power loss takes back what it says. A collector that was killed
    /// between giving a file its name and flushing that leaves one that would be, and then another one under its number
    /// could name other packs, of which those who saw this one know nothing.</summary>
    /// <inheritdoc cref="ReadStateAsync"/>
    public async Task<CollectionState> ReadDurableStateAsync(CancellationToken token)
    {
        CollectionState state = await ReadStateAsync(token);
        if (state.Number > 0)
        {
            await store.FlushNamesAsync(new BlobName(FileNames.Condemned(state.Number)), token);
        }

        if (state.Retired is not null)
        {
            await store.FlushNamesAsync(new BlobName(FileNames.Retired(state.Number)), token);
        }

        return state;
    }

    /// <summary>A number that grows with every step by which a collection moves on: proposed, decided; 0 where there
    /// has been none. It says nothing of how much is deleted yet.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<long> ReadProgressAsync(CancellationToken token)
    {
        long number = await ReadHighestAsync(token);
        bool isDecided = number > 0
            && await store.TryGetLengthAsync(new BlobName(FileNames.Retired(number)), token) is not null;
        return checked((2 * number) + (isDecided ? 1 : 0));
    }

    /// <summary>What a session that has put its lease and writes must not rely on (W2): what the highest collection
    /// deletes, or, where that is not decided, all it proposes. No power loss takes that back.</summary>
    /// <exception cref="RepositoryUnusableException">The collection's file is missing, damaged or another's: whoever
    /// does not know what it names can rely on nothing.</exception>
    /// <exception cref="StoreException">The store cannot be read, or refuses to make names durable.</exception>
    public async Task<AbsentSet> ReadAbsentAsync(CancellationToken token) =>
        (await ReadDurableStateAsync(token)).Absent;

    /// <summary>The same for who only reads (R2), of a store too that cannot be written: after a power loss it may
    /// find less than there was, and never something wrong.</summary>
    /// <inheritdoc cref="ReadStateAsync"/>
    public async Task<AbsentSet> ReadAbsentToReadersAsync(CancellationToken token) =>
        (await ReadStateAsync(token)).Absent;

    /// <returns>Null where there is no such file.</returns>
    /// <exception cref="RepositoryUnusableException">It is damaged or another's.</exception>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public Task<CollectionSet?> TryReadCondemnedAsync(long number, CancellationToken token) =>
        TryReadAsync(FileKind.Condemned, FileNames.Condemned(number), number, token);

    /// <inheritdoc cref="TryReadCondemnedAsync"/>
    public Task<CollectionSet?> TryReadRetiredAsync(long number, CancellationToken token) =>
        TryReadAsync(FileKind.Retired, FileNames.Retired(number), number, token);

    /// <summary>What a collection that may be long past decided: also by the second copy alone, which comes after the
    /// first one and so tells of a decision that stood.</summary>
    /// <inheritdoc cref="TryReadCondemnedAsync"/>
    public async Task<CollectionSet?> TryReadPastRetiredAsync(long number, CancellationToken token) =>
        await TryReadRetiredAsync(number, token)
        ?? await TryReadMirrorAsync(FileKind.Retired, FileNames.Retired(number), number, token);

    /// <summary>What is wrong with the copies of a collection's files.</summary>
    /// <param name="isDecided">Whether <c>retired/number</c> must be there.</param>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<List<(string Name, string Fault)>> FindFaultsAsync(
        long number, bool isDecided, CancellationToken token)
    {
        (FileKind Kind, string Name, bool IsNeeded)[] files =
        [
            (FileKind.Condemned, FileNames.Condemned(number), true),
            (FileKind.Retired, FileNames.Retired(number), isDecided),
            (FileKind.Condemned, FileNames.MirrorFolder + FileNames.Condemned(number), false),
            (FileKind.Retired, FileNames.MirrorFolder + FileNames.Retired(number), false),
        ];
        List<(string Name, string Fault)> faults = [];
        foreach ((FileKind kind, string name, bool isNeeded) in files)
        {
            try
            {
                if (await TryReadCopyAsync(kind, name, number, token) is null && isNeeded)
                {
                    faults.Add((name, "the collection's file is missing"));
                }
            }
            catch (Exception complaint) when (complaint is CorruptDataException or StoreException)
            {
                faults.Add((name, complaint.Message));
            }
        }

        return faults;
    }

    /// <summary>Proposes a collection (C4).</summary>
    /// <returns>False where another collector was first.</returns>
    /// <exception cref="StoreException">The store failed: it may stand there all the same.</exception>
    public Task<bool> TryPutCondemnedAsync(CollectionSet set, CancellationToken token) =>
        TryPutAsync(FileKind.Condemned, FileNames.Condemned(set.Number), set, token);

    /// <summary>Decides a collection (C8).</summary>
    /// <inheritdoc cref="TryPutCondemnedAsync"/>
    public Task<bool> TryPutRetiredAsync(CollectionSet set, CancellationToken token) =>
        TryPutAsync(FileKind.Retired, FileNames.Retired(set.Number), set, token);

    /// <summary>What of a retired set is still there, in any copy; where it is empty, the collection is executed.
    /// Lists all points and packs.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<CollectionSet> FindRemainsAsync(CollectionSet retired, CancellationToken token)
    {
        (List<SessionId> points, List<PackName> packs) = ([], []);
        string[] folders = 
        [
            FileNames.RestorePointFolder, FileNames.ChunkPackFolder, FileNames.MapPackFolder, FileNames.ParityFolder,
        ];
        foreach (string folder in (string[])[.. folders, FileNames.MirrorFolder])
        {
            await foreach (BlobName blob in store.ListAsync(folder, token))
            {
                ReadOnlySpan<char> name = WithoutMirror(blob.Path);
                if (PackName.TryParse(name, out PackName pack) && retired.Contains(pack))
                {
                    packs.Add(pack);
                }
                else if (name.StartsWith(FileNames.RestorePointFolder)
                    && SessionId.TryParse(name[FileNames.RestorePointFolder.Length..], out SessionId point)
                    && retired.Contains(point))
                {
                    points.Add(point);
                }
            }
        }

        return new CollectionSet(retired.Number, points, packs);
    }

    /// <summary>The same of packs.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public Task<HashSet<PackName>> FindCollectedAsync(IReadOnlySet<PackName> packs, CancellationToken token) =>
        FindCollectedAsync(packs, TryReadRetiredPacksAsync, token);

    /// <returns>Those of <paramref name="points"/> that some collection, however old, says it deletes, as far as it
    /// can be read.</returns>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public Task<HashSet<SessionId>> FindCollectedAsync(IReadOnlySet<SessionId> points, CancellationToken token) =>
        FindCollectedAsync(points, TryReadRetiredPointsAsync, token);

    /// <summary>The points that a collection retired, however old it is; read once, as a decision never changes.
    /// </summary>
    /// <returns>Null where it has not decided.</returns>
    /// <exception cref="RepositoryUnusableException">Neither copy is good.</exception>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<IReadOnlySet<SessionId>?> TryReadRetiredPointsAsync(long number, CancellationToken token)
    {
        if (!retiredPoints.TryGetValue(number, out HashSet<SessionId>? points)
            && await TryReadPastRetiredAsync(number, token) is { } retired)
        {
            retiredPoints[number] = points = [.. retired.Points];
        }

        return points;
    }

    private async Task<IReadOnlySet<PackName>?> TryReadRetiredPacksAsync(long number, CancellationToken token) =>
        (await TryReadPastRetiredAsync(number, token))?.Packs.ToHashSet();

    private async Task<HashSet<T>> FindCollectedAsync<T>(
        IReadOnlySet<T> names, Func<long, CancellationToken, Task<IReadOnlySet<T>?>> tryReadAsync,
        CancellationToken token)
    {
        HashSet<T> found = [];
        long highest = names.Count > 0 ? await ReadHighestAsync(token) : 0;
        for (long number = highest; number > 0 && found.Count < names.Count; number--)
        {
            try
            {
                IReadOnlySet<T>? retired = await tryReadAsync(number, token);
                found.UnionWith(names.Where(name => retired is not null && retired.Contains(name)));
            }
            catch (Exception complaint) when (complaint is RepositoryUnusableException or StoreException)
            {
                continue; // less is known then, and less is deleted
            }
        }

        return found;
    }

    /// <summary>Whether there is such a file, its first copy says alone; the second one only stands in for what is
    /// damaged.</summary>
    private async Task<CollectionSet?> TryReadAsync(
        FileKind kind, string name, long number, CancellationToken token)
    {
        try
        {
            return await TryReadCopyAsync(kind, name, number, token);
        }
        catch (CorruptDataException complaint)
        {
            return await TryReadMirrorAsync(kind, name, number, token)
                ?? throw Lost(name, complaint.Message, complaint);
        }
        catch (StoreException)
        {
            if (await TryReadMirrorAsync(kind, name, number, token) is { } set)
            {
                return set; // a bad sector costs one copy
            }

            throw;
        }
    }

    private async Task<CollectionSet?> TryReadMirrorAsync(
        FileKind kind, string name, long number, CancellationToken token)
    {
        try
        {
            return await TryReadCopyAsync(kind, FileNames.MirrorFolder + name, number, token);
        }
        catch (Exception failure) when (failure is CorruptDataException or StoreException)
        {
            return null; // what is wrong with the first copy is told
        }
    }

    private async Task<CollectionSet?> TryReadCopyAsync(
        FileKind kind, string name, long number, CancellationToken token)
    {
        byte[]? file = await SmallFile.TryReadAsync(store, name, FormatLimits.CollectionFileLengthMaxBytes, token);
        if (file is null)
        {
            return null;
        }

        CollectionSet set = CollectionSet.Read(RecordFile.Read(file, kind, repository, name));
        Corrupt.Unless(set.Number == number, $"collection set: number is {set.Number}, expected {number}");
        return set;
    }

    /// <summary>The second copy comes after the first, which alone says whether anything was proposed or decided: one
    /// that is missing costs nothing but a stand-in.</summary>
    private async Task<bool> TryPutAsync(FileKind kind, string name, CollectionSet set, CancellationToken token)
    {
        if (!await TryPutCopyAsync(kind, name, set, token))
        {
            return false;
        }

        try
        {
            await TryPutCopyAsync(kind, FileNames.MirrorFolder + name, set, token);
        }
        catch (StoreException)
        {
            return true; // See above.
        }

        return true;
    }

    private Task<bool> TryPutCopyAsync(FileKind kind, string name, CollectionSet set, CancellationToken token) =>
        store.TryPutAsync(
            new BlobName(name),
            RecordFile.Write(new FileHeader(kind, repository, name), set.Write(), Compression.None),
            token);

    private RepositoryUnusableException Lost(string name, string complaint, Exception? inner = null)
    {
        string sentence = $"'{name}' in '{store.Description}' cannot be read ({complaint}): without it nobody knows "
            + "what a collection deletes, so nothing can be relied on.";
        return inner is null
            ? new RepositoryUnusableException(sentence)
            : new RepositoryUnusableException(sentence, inner);
    }

    private static ReadOnlySpan<char> WithoutMirror(string path) =>
        path.AsSpan(path.StartsWith(FileNames.MirrorFolder, StringComparison.Ordinal)
            ? FileNames.MirrorFolder.Length
            : 0);

    /// <returns>0 where the name is not one that a collection has.</returns>
    private static long NumberOf(string path, string folder) =>
        long.TryParse(path.AsSpan(folder.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long number)
        && path.EndsWith("/" + number.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            ? number
            : 0;
}
