using System.Collections.Concurrent;
using HyperVBackup.Format;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Parity;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Parity;

/// <summary>
/// Makes parity for the chunk packs of sessions that have ended which no whole group covers. Each pack is checked
/// first: parity of damaged bytes would only keep the damage; what is found is noted for all hosts. Stopped at any
/// moment it leaves whole parity files; run again, it goes on with what is left. Used once.
/// </summary>
public sealed class Protection
{
    private readonly BackupRepository repository;
    private readonly ProtectOptions options;
    private readonly IBlobStore store;
    private readonly ConcurrentBag<PackName> damaged = [];
    private IProgress<ProtectProgress> progress = null!;
    private uint nextNumber;
    private int packCount;
    private long packBytes;
    private long parityBytes;
    private long doneBytes;
    private long totalBytes;

    internal Protection(BackupRepository repository, ProtectOptions options) =>
        (this.repository, this.options, store) = (repository, options, repository.Store);

    /// <exception cref="SessionFencedException">A collector gave the session up: run again.</exception>
    /// <exception cref="RepositoryUnusableException">What a collection deletes cannot be read.</exception>
    /// <exception cref="StoreException">The store is full or failed; run again.</exception>
    public async Task<ProtectReport> RunAsync(IProgress<ProtectProgress> progress, CancellationToken token)
    {
        this.progress = progress;
        CollectionFiles collections = new(store, repository.Id);
        long highest = await collections.ReadHighestAsync(token);
        HeldLease lease = await HeldLease.PutAsync(
            store, repository.Id, repository.Environment, LeaseKind.Protect, highest, default, token);
        try
        {
            return await RunAsync(lease.Id, await collections.ReadAbsentAsync(token), token);
        }
        catch (StoreException)
        {
            await lease.Name.ThrowIfFencedAsync(CancellationToken.None); // then others removed what it was writing
            throw;
        }
        finally
        {
            await lease.EndAsync();
        }
    }

    private async Task<ProtectReport> RunAsync(SessionId session, AbsentSet absent, CancellationToken token)
    {
        HashSet<SessionId> ended = await EndedSessions.ReadAsync(repository, [FileNames.ChunkPackFolder], token);
        Dictionary<PackName, long> packs = [];
        await foreach (BlobName blob in store.ListAsync(FileNames.ChunkPackFolder, token))
        {
            if (PackName.TryParse(blob.Path, out PackName pack) && ended.Contains(pack.Session)
                && !absent.Contains(pack) && await store.TryGetLengthAsync(blob, token) is long lengthBytes)
            {
                packs[pack] = lengthBytes;
            }
        }

        HashSet<PackName> covered = await FindCoveredAsync(packs, token);
        List<PackName> bare = [.. packs.Keys.Where(pack => !covered.Contains(pack))];
        totalBytes = bare.Sum(pack => packs[pack]);
        int fileCount = 0;
        foreach (IGrouping<SessionId, PackName> own in bare.GroupBy(pack => pack.Session))
        {
            foreach (List<ProtectedPack> group in GroupsOf(own.OrderBy(pack => pack.Number), packs))
            {
                fileCount += await TryProtectAsync(session, own.Key, group, token) ? 1 : 0;
            }
        }

        return new ProtectReport(
            packCount, packBytes, fileCount, parityBytes, packs.Count - bare.Count,
            [.. damaged.OrderBy(pack => pack.BlobName, StringComparer.Ordinal)]);
    }

    /// <summary>Packs of groups all of whose packs are there, as long as they were.</summary>
    private async Task<HashSet<PackName>> FindCoveredAsync(
        Dictionary<PackName, long> packs, CancellationToken token)
    {
        HashSet<PackName> covered = [];
        foreach (ParityFile file in await new ParityFiles(store, repository.Id).OpenAllAsync((_, _) => { }, token))
        {
            if (Enumerable.Range(0, file.Group.Packs.Count).All(pack =>
                packs.GetValueOrDefault(file.Group.NameOf(pack)) == file.Group.Packs[pack].LengthBytes))
            {
                covered.UnionWith(file.Group.PackNames());
            }
        }

        return covered;
    }

    private List<List<ProtectedPack>> GroupsOf(IEnumerable<PackName> own, Dictionary<PackName, long> packs)
    {
        ParityPlanner planner = new(options.ParityPercent);
        List<List<ProtectedPack>?> groups =
            [.. own.Select(pack => planner.Add(new ProtectedPack(pack.Number, packs[pack]))), planner.Finish()];
        return [.. groups.OfType<List<ProtectedPack>>()];
    }

    private async Task<bool> TryProtectAsync(
        SessionId maker, SessionId session, List<ProtectedPack> packs, CancellationToken token)
    {
        long endBytes = doneBytes + packs.Sum(pack => pack.LengthBytes);
        List<ProtectedPack> sound = await WithoutDamagedAsync(session, packs, token);
        bool isMade = sound.Count > 0 && await TryMakeAsync(
            new PackName(PackKind.Parity, maker, nextNumber),
            new ParityGroup(session, sound, options.ParityPercent), token);
        doneBytes = endBytes;
        progress.Report(new ProtectProgress(doneBytes, totalBytes));
        return isMade;
    }

    private async Task<bool> TryMakeAsync(PackName name, ParityGroup group, CancellationToken token)
    {
        long? lengthBytes = await ParityWriting.TryMakeAsync(
            store, repository.Id, name, group,
            bytes => progress.Report(new ProtectProgress(doneBytes + bytes, totalBytes)), token);
        if (lengthBytes is null)
        {
            return false; // a pack went away meanwhile; the others are found the next time
        }

        nextNumber++;
        packCount += group.Packs.Count;
        packBytes += group.PackBytes;
        parityBytes += lengthBytes.Value;
        return true;
    }

    private async Task<List<ProtectedPack>> WithoutDamagedAsync(
        SessionId session, List<ProtectedPack> packs, CancellationToken token)
    {
        DamageLog found = new();
        bool[] isBad = new bool[packs.Count];
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = options.WorkerCount, CancellationToken = token };
        await Parallel.ForEachAsync(Enumerable.Range(0, packs.Count), parallel, async (index, ending) =>
        {
            PackName name = new(PackKind.Chunks, session, packs[index].Number);
            isBad[index] = !await IsSoundAsync(name, found, ending);
            if (isBad[index])
            {
                damaged.Add(name);
            }
        });
        await NoteAsync(found, token);
        return [.. packs.Where((_, index) => !isBad[index])];
    }

    private async Task<bool> IsSoundAsync(PackName name, DamageLog found, CancellationToken token)
    {
        bool isSound = true;
        await new PackCheck(store, repository.Id, repository.Hasher).RunAsync(
            name, name.BlobName, PackParts.All,
            (offsetBytes, what, id) =>
            {
                isSound = false;
                found.Add(name.BlobName, offsetBytes, what);
                if (!id.IsZero)
                {
                    found.AddBadRecord(name.BlobName, offsetBytes);
                }
            },
            (offsetBytes, what) =>
            {
                isSound = false;
                found.AddFile(name.BlobName, offsetBytes, what);
            },
            token);
        return isSound;
    }

    /// <summary>So that no host takes for stored what is damaged, and verifications tell what it costs.</summary>
    private async Task NoteAsync(DamageLog found, CancellationToken token)
    {
        if (found.IsEmpty)
        {
            return;
        }

        try
        {
            PlaceCheck check = new(repository);
            List<DamagedPlace> places = [];
            foreach (DamagedPlace place in await FoundPlaces.OfAsync(
                found, new PackTables(store, repository.Id, 0), token))
            {
                if (await check.ExistsAsync(place, token))
                {
                    places.Add(place);
                }
            }

            await new DamageNotes(repository).AddAsync(places, token);
        }
        catch (StoreException failure)
        {
            NotedDamage.WarnUnnoted(repository, failure);
        }
    }
}
