using System.Collections.Concurrent;
using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Index;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Repository.Pages;
using HyperVBackup.Repository.Points;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Sessions;

/// <summary>Begins sessions, in the order that repo-format/concurrency.md gives: the highest collection number, the
/// lease, what is absent, and only then anything that is relied on. Thread-safe.</summary>
internal sealed class SessionOpener(
    BackupRepository repository, RepositoryEnvironment environment, PointCatalog catalog)
{
    private readonly IBlobStore store = repository.Store;
    /// <summary>Writing sessions of this process that have ended: they publish nothing more, whether anything under
    /// <c>points/</c> says so or not, and what they published is there for the next one to find.</summary>
    private readonly ConcurrentDictionary<SessionId, bool> ended = new();

    private readonly CollectionFiles collections = new(repository.Store, repository.Id);

    /// <summary>W1 to W3. The index is opened beside them: it is asked after W2 only, and what it says is confirmed.
    /// </summary>
    /// <exception cref="RepositoryUnusableException">What a collection deletes cannot be read.</exception>
    /// <exception cref="StoreException">The store cannot be written or read.</exception>
    public async Task<WritingSession> OpenWritingAsync(LeaseKind kind, CancellationToken token)
    {
        Task<IChunkIndex> opening = OpenIndexAsync();
        HeldLease? lease = null;
        try
        {
            long highest = await collections.ReadHighestAsync(token);
            lease = await PutLeaseAsync(kind, highest, default, token);
            AbsentSet absent = await collections.ReadAbsentAsync(token);
            return await OpenWritingAsync(lease, absent, opening, token);
        }
        catch
        {
            await (lease?.EndAsync() ?? Task.CompletedTask);
            await (await opening).DisposeAsync();
            throw;
        }
    }

    /// <summary>R1 to R3.</summary>
    /// <exception cref="RestorePointNotFoundException">The point is gone, or about to be deleted.</exception>
    /// <exception cref="RepositoryDamagedException">No copy of the point can be read.</exception>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<ReadingSession> OpenReadingAsync(LeaseKind kind, SessionId pointId, CancellationToken token)
    {
        long highest = await collections.ReadHighestAsync(token);
        HeldLease? lease = await TryPutLeaseAsync(kind, highest, pointId, token);
        try
        {
            if ((await ReadAbsentOrWarnAsync(token)).Contains(pointId))
            {
                throw new RestorePointNotFoundException($"Restore point {pointId} was pruned.");
            }

            RestorePoint point = await ReadPointAsync(pointId, token);
            CopyJudge judge = new(collections, lease?.Name, catalog, pointId);
            return new ReadingSession(repository, point, lease, judge);
        }
        catch when (lease is not null)
        {
            await lease.EndAsync();
            throw;
        }
    }

    /// <summary>R1 and R2 for one who reads all points.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<Inspection> OpenInspectionAsync(CancellationToken token)
    {
        long highest = await collections.ReadHighestAsync(token);
        HeldLease? lease = await TryPutLeaseAsync(LeaseKind.Verify, highest, default, token);
        try
        {
            long progress = await collections.ReadProgressAsync(token);
            AbsentSet absent = await ReadAbsentOrWarnAsync(token);
            return new Inspection(collections, lease, absent, progress);
        }
        catch when (lease is not null)
        {
            await lease.EndAsync();
            throw;
        }
    }

    /// <summary>A writing session of this process has ended.</summary>
    public void NoteEnded(SessionId session) => ended[session] = true;

    private async Task<WritingSession> OpenWritingAsync(
        HeldLease lease, AbsentSet absent, Task<IChunkIndex> opening, CancellationToken token)
    {
        CollectedSessions collected = await CollectedSessions.OpenAsync(repository, token);
        HashSet<SessionId> decided = await repository.ReadDecidedAsync(token);
        AbandonedSessions abandoned = new(store, repository.Id, repository.Leases, environment);
        decided.UnionWith(await abandoned.CleanAsync(decided, token));
        List<RestorePoint> points = await repository.ListPointsAsync(token);
        points.RemoveAll(point => absent.Contains(point.Id));
        await new SettingsFile(store).PutMissingAsync(
            repository.Id, repository.Settings, environment.Warn, token);
        await new PointMirrors(repository, catalog, collections).MendAsync(points, decided, token);
        IChunkIndex index = await opening;
        decided.UnionWith(ended.Keys);
        await CatchUpAsync(index, decided, collected, absent, token);
        KnownDamage known = await new DamageOfSession(repository).ReadAsync(token);
        int pagesPerChunk = repository.Settings.ChunkSizeBytes / FormatLimits.PageSizeBytes;
        HitSampling sampling = new(
            store, index, repository.Hasher, repository.Settings.ChunkSizeBytes, environment.Randomness,
            environment.OneHitReadIn, environment.Warn, repository.Watch);
        SessionChunks chunks = new(
            store, repository.Id, lease.Id, pagesPerChunk, index, repository.NewTables(absent), sampling: sampling,
            known: known, parityPercent: repository.Settings.ParityPercent);
        SessionMaps maps = new(store, repository.Id, lease.Id, repository.Hasher, repository.Settings.Compression);
        ChunkPlanner planner = new(
            index, new SourceReader(store, repository.Hasher, pagesPerChunk, absent, repository.Watch),
            new PackPageMaps(store, repository.Id, pagesPerChunk, SessionLimits.PageMapBytesMax, absent, known),
            repository.Hasher, pagesPerChunk, sampling);
        SessionNodes nodes = new(
            repository.Records, new CopyJudge(collections, lease.Name, catalog, default));
        return new WritingSession(
            repository, this, lease, points, nodes, chunks, maps, index, planner, sampling);
    }

    /// <summary>Tells the index what other sessions stored.</summary>
    private async Task CatchUpAsync(
        IChunkIndex index, HashSet<SessionId> decided, CollectedSessions collected, AbsentSet absent,
        CancellationToken token)
    {
        if (index.State != ChunkIndexState.Working)
        {
            return; // it takes nothing
        }

        decided.UnionWith(await collected.FindAsync(index, token));
        if (await new IndexCatchUp(store, repository.Id, index, absent).RunAsync(decided, decided, token))
        {
            collected.Marks.ToList().ForEach(index.Cover);
        }
    }

    private async Task<IChunkIndex> OpenIndexAsync()
    {
        long budgetBytes = ChunkIndexFolder.BudgetOf(environment.MemoryBudgetBytes);
        if (environment.StateFolder is not { } folder)
        {
            return environment.WatchIndex(new MemoryChunkIndex(budgetBytes));
        }

        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        return environment.WatchIndex(
            await FullIndex.OpenUnwornAsync(folder, budgetBytes, repository.Id, collections));
    }

    private async Task<RestorePoint> ReadPointAsync(SessionId id, CancellationToken token)
    {
        try
        {
            return await catalog.TryReadAsync(id, token)
                ?? await new LostPoints(catalog, collections).TryReadAsync(id, token)
                ?? throw new RestorePointNotFoundException($"Restore point {id} is gone.");
        }
        catch (CorruptDataException complaint)
        {
            throw new RepositoryDamagedException($"Restore point {id} cannot be read: {complaint.Message}.", complaint);
        }
    }

    /// <summary>Who only reads harms nobody: what is read is checked, and may at worst be gone. A damaged file of a
    /// collection must not keep a restore from trying.</summary>
    private async Task<AbsentSet> ReadAbsentOrWarnAsync(CancellationToken token)
    {
        try
        {
            return await collections.ReadAbsentToReadersAsync(token);
        }
        catch (Exception complaint) when (complaint is RepositoryUnusableException or StoreException)
        {
            environment.Warn(complaint.Message);
            return AbsentSet.None;
        }
    }

    private Task<HeldLease> PutLeaseAsync(LeaseKind kind, long highest, SessionId point, CancellationToken token) =>
        HeldLease.PutAsync(store, repository.Id, environment, kind, highest, point, token);

    private async Task<HeldLease?> TryPutLeaseAsync(
        LeaseKind kind, long highest, SessionId point, CancellationToken token)
    {
        try
        {
            return await PutLeaseAsync(kind, highest, point, token);
        }
        catch (StoreException)
        {
            return null; // it cannot be written, but perhaps be read
        }
    }
}
