using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Index;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Maintenance.Repair;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Parity;
using HyperVBackup.Repository.Pages;
using HyperVBackup.Repository.Pins;
using HyperVBackup.Repository.Points;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository;

/// <summary>
/// A repository of restore points in a blob store. Any number of processes on any hosts may use one at a time.
/// Thread-safe; the sessions it opens say what they are.
/// </summary>
public sealed class BackupRepository
{
    private readonly RepositoryEnvironment environment;
    private readonly PointCatalog catalog;
    private readonly PointListing listing;
    private readonly SessionOpener opener;

    private BackupRepository(
        IBlobStore store, RepositoryId id, RepositorySettings settings, RepositoryEnvironment environment)
    {
        (Store, Id, Settings, this.environment) = (store, id, settings, environment);
        catalog = new PointCatalog(store, id);
        PointCache? cache = environment.StateFolder is { } folder ? new PointCache(folder, id) : null;
        listing = new PointListing(store, catalog, cache);
        Leases = new LeaseFile(store, id);
        Records = new RecordReader(store, Hasher, NewTables(AbsentSet.None), Watch);
        opener = new SessionOpener(this, environment, catalog);
    }

    public RepositoryId Id { get; }

    /// <summary>Chunk size, compression and feature bits, fixed when the repository was made.</summary>
    public RepositorySettings Settings { get; }

    /// <summary>Derives every id of this repository.</summary>
    public ContentHasher Hasher { get; } = ContentHasher.Plain;

    /// <summary>The map nodes and lists that are stored.</summary>
    public INodeSource Nodes => Records;

    internal RepositoryEnvironment Environment => environment;

    internal IBlobStore Store { get; }

    internal LeaseFile Leases { get; }

    internal RecordReader Records { get; }

    /// <summary>What could not be read where it was looked for.</summary>
    internal DamageWatch Watch { get; } = new();

    /// <summary>Makes a new, empty repository with the usual settings.</summary>
    /// <exception cref="RepositoryUnusableException">There is one already.</exception>
    /// <exception cref="StoreException">The store cannot be written.</exception>
    public static Task<BackupRepository> InitializeAsync(
        IBlobStore store, RepositoryEnvironment environment, CancellationToken token = default) =>
        InitializeAsync(
            store, new RepositorySettings { Created = environment.Clock.GetUtcNow() }, environment, token);

    /// <summary>Makes a new, empty repository.</summary>
    /// <exception cref="RepositoryUnusableException">There is one already, or files of one that lost its settings: a
    /// new id would make all of them unreadable.</exception>
    /// <exception cref="StoreException">The store cannot be written.</exception>
    public static async Task<BackupRepository> InitializeAsync(
        IBlobStore store, RepositorySettings settings, RepositoryEnvironment environment,
        CancellationToken token = default)
    {
        await EmptyStore.RequireAsync(store, token);
        RepositoryId id = NewRepositoryId(environment.Randomness);
        SettingsFile files = new(store);
        if (!await files.TryPutFirstAsync(id, settings, token))
        {
            throw EmptyStore.ThereIsOne(store);
        }

        await files.PutMissingAsync(id, settings, environment.Warn, CancellationToken.None);
        return new BackupRepository(store, id, settings, environment);
    }

    /// <summary>Opens a repository that exists; warns where its settings' first copy is damaged or missing and the
    /// second one serves.</summary>
    /// <exception cref="RepositoryUnusableException">There is none, it is damaged, or it needs a newer version.
    /// </exception>
    public static async Task<BackupRepository> OpenAsync(
        IBlobStore store, RepositoryEnvironment environment, CancellationToken token = default)
    {
        try
        {
            (RepositoryId id, RepositorySettings settings) =
                await new SettingsFile(store).TryReadAsync(environment.Warn, token)
                ?? throw new RepositoryUnusableException(
                    $"There is no repository in '{store.Description}'; 'init' makes one.");
            return new BackupRepository(store, id, settings, environment);
        }
        catch (CorruptDataException complaint)
        {
            throw new RepositoryUnusableException(
                $"The repository in '{store.Description}' cannot be opened: {complaint.Message}.", complaint);
        }
    }

    /// <summary>All restore points, by VM and then oldest first. Damaged ones are warned about and left out. What the
    /// host's state folder keeps of points read before is not read again: it may be damaged in the store since, which
    /// a restore and a verification notice.</summary>
    public Task<List<RestorePoint>> ListPointsAsync(CancellationToken token = default) =>
        listing.ReadAllAsync(
            (_, complaint) => environment.Warn($"{complaint.Message}; 'verify' says what it touches."), token);

    /// <summary>The same with those that lost the first of their two copies, which is warned about: nobody builds on
    /// them, but all that they need is kept, and they restore.</summary>
    public async Task<List<RestorePoint>> ListAllPointsAsync(CancellationToken token = default)
    {
        LostPoints lost = new(catalog, new CollectionFiles(Store, Id));
        HashSet<SessionId> seconds = await LostPoints.ListSecondCopiesAsync(Store, token); // put after the first ones
        List<RestorePoint> points = await ListPointsAsync(token);
        seconds.ExceptWith(points.Select(point => point.Id));
        foreach (SessionId id in seconds)
        {
            if (await lost.TryReadAsync(id, token) is { } point)
            {
                environment.Warn($"Restore point {id} has lost the first of its two copies; the second one serves.");
                points.Add(point);
            }
        }

        PointOrder.SortByVm(points);
        return points;
    }

    /// <summary>The same without those that were pruned and are not pinned: what people are shown.</summary>
    public Task<List<RestorePoint>> ListShownPointsAsync(CancellationToken token = default) =>
        ShownPoints.ListAsync(this, token);

    /// <summary>Opens a session that may publish one restore point (W1 to W3).</summary>
    /// <exception cref="RepositoryUnusableException">What a collection deletes cannot be read.</exception>
    /// <exception cref="StoreException">The store cannot be written or read.</exception>
    public Task<WritingSession> OpenWritingSessionAsync(LeaseKind kind, CancellationToken token) =>
        opener.OpenWritingAsync(kind, token);

    /// <summary>Opens a session that reads one restore point (R1 to R3).</summary>
    /// <exception cref="RestorePointNotFoundException">The point is gone, or about to be deleted.</exception>
    /// <exception cref="RepositoryDamagedException">No copy of the point can be read.</exception>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public Task<ReadingSession> OpenReadingSessionAsync(
        LeaseKind kind, SessionId pointId, CancellationToken token) =>
        opener.OpenReadingAsync(kind, pointId, token);

    /// <summary>The sessions that hold a lease, the oldest first.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public Task<List<SessionAtWork>> ListSessionsAsync(CancellationToken token) =>
        new SessionWatch(this, environment).ListAsync(token);

    /// <summary>Ends a session that is known to be dead: a fence keeps it from ever committing, and its lease goes. One
    /// that lives all the same begins again.</summary>
    /// <param name="id">Its id, or how that begins.</param>
    /// <param name="force">Also where its process still runs, on this host.</param>
    /// <returns><see cref="SessionState.Fenced"/>; or <see cref="SessionState.Committed"/> where the session was first.
    /// </returns>
    /// <exception cref="RepositoryUnusableException">There is no such session, or its process still runs.</exception>
    /// <exception cref="StoreException">The store failed.</exception>
    public Task<SessionState> EndSessionAsync(string id, bool force, CancellationToken token) =>
        new SessionWatch(this, environment).EndAsync(id, force, token);

    /// <summary>Encodes chunks as this repository stores them.</summary>
    public ChunkEncoder NewEncoder() => new(Hasher, Settings.Compression);

    /// <summary>Checks the repository; see <see cref="Verification"/>.</summary>
    public Verification NewVerification(VerificationOptions options) =>
        new(
            opener,
            async (inspection, token) => NewVerificationRun(
                options, inspection.Absent, await NotedDamage.ReadStandingAsync(this, token)),
            (report, token) => NotedDamage.OfAsync(this, report, options.IsOfEverything, token),
            (report, token) => NotedDamage.KeepAsync(this, report, token));

    /// <summary>Heals what is damaged; see <see cref="RepositoryRepair"/>.</summary>
    public RepositoryRepair NewRepair(RepairOptions options) => new(this, options);

    /// <summary>Collects garbage; see <see cref="Collector"/>.</summary>
    public Collector NewCollector(CollectOptions options) => new(this, options);

    /// <summary>Protects packs by parity; see <see cref="Protection"/>.</summary>
    public Protection NewProtection(ProtectOptions options) => new(this, options);

    /// <summary>Counts what the repository holds; reads points, pack tables and file lengths.</summary>
    public async Task<RepositoryStatistics> MeasureAsync(CancellationToken token)
    {
        RepositoryStatistics statistics =
            await RepositoryStatistics.MeasureAsync(
                Store, Id, await ListPointsAsync(token), environment.Clock.GetUtcNow(), token);
        return statistics with
        {
            NotedCount = (await KnownDamage.ReadAsync(this, token)).Places.Count,
            Index = environment.StateFolder is { } folder ? ChunkIndexFolder.TryMeasure(folder, Id) : null,
        };
    }

    /// <summary>Measures how a restore of a disk reads, from its map and the recipes of a sample of its chunks: some
    /// tens of milliseconds, whatever the size of the disk.</summary>
    /// <param name="session">Reads the disk's point.</param>
    /// <param name="batchBytes">Of disk data that a restore reads together.</param>
    /// <exception cref="CorruptDataException">A map node has no good copy left.</exception>
    /// <exception cref="SessionFencedException">A collector gave the session up: open another.</exception>
    public ValueTask<Fragmentation> MeasureFragmentationAsync(
        ReadingSession session, DiskMap map, int batchBytes, CancellationToken token) =>
        session.SearchAsync(
            async () => await new FragmentationProbe(Nodes, Records.Finder, map, batchBytes).MeasureAsync(token),
            token);

    /// <summary>Throws this host's index away and makes it anew from the packs' tables.</summary>
    /// <param name="progress">Told after each pack.</param>
    /// <returns>The count of chunks in the new index.</returns>
    /// <exception cref="StoreException">Another process has the index open, or the store or the host's state folder
    /// failed.</exception>
    public async Task<long> RebuildIndexAsync(IProgress<IndexProgress> progress, CancellationToken token)
    {
        if (environment.StateFolder is not { } folder)
        {
            return 0; // it lives as long as a session
        }

        IndexRebuild rebuild = new(Store, Id);
        long indexBudgetBytes = ChunkIndexFolder.BudgetOf(environment.MemoryBudgetBytes);
        await ChunkIndexFolder.RebuildAsync(folder, Id, indexBudgetBytes, async load =>
        {
            CollectedSessions collected = await CollectedSessions.OpenAsync(this, token);
            HashSet<SessionId> ended = await EndedSessions.ReadAsync(this, [FileNames.ChunkPackFolder], token);
            HashSet<SessionId> covered = [.. await rebuild.RunAsync(load, ended, progress, token)];
            return covered.IsSupersetOf(ended) ? covered.Concat(collected.Marks) : covered;
        });
        await using IChunkIndex index = ChunkIndexFolder.Open(folder, Id, indexBudgetBytes);
        WarnWhereFull(index);
        return Math.Min(rebuild.ChunkCount, index.EntryCount);
    }

    /// <summary>Finds what one session reads and what is not where maps say.</summary>
    internal AheadCopies NewAheadCopies() => new(
        Store, Records.Finder, Records.Tables,
        () => environment.StateFolder is { } folder
            ? ChunkIndexFolder.TryOpenSaved(
                folder, Id, environment.MemoryBudgetBytes / SessionLimits.AskedIndexBudgetDivisor)
            : null,
        (int)Math.Clamp(environment.MemoryBudgetBytes / SessionLimits.AheadIdBudgetDivisor, 1, int.MaxValue));

    /// <summary>Reads many chunks at once, and keeps what several of them take pages from.</summary>
    internal ChunkBatchReader NewBatchReader(AheadCopies ahead, ChunkReader chunks)
    {
        long keptBytesMax = Math.Min(
            SessionLimits.DataRecordBytesMax, environment.MemoryBudgetBytes / SessionLimits.DataRecordBudgetDivisor);
        return new ChunkBatchReader(Records.Finder, chunks, new DataRecordCache(keptBytesMax), ahead);
    }

    /// <summary>Puts a point's second copy; a failure is warned about only: the point stands, and the next session
    /// tries again.</summary>
    internal async Task TryMirrorAsync(CommitName name, RestorePoint point)
    {
        try
        {
            await name.PutMirrorAsync(point, CancellationToken.None);
        }
        catch (StoreException failure)
        {
            environment.Warn($"Restore point {point.Id} has one copy only for now: {failure.Message}");
        }
    }

    internal void Warn(string sentence) => environment.Warn(sentence);

    /// <inheritdoc cref="FullIndex.Warn"/>
    internal void WarnWhereFull(IChunkIndex index) => FullIndex.Warn(index, environment);

    /// <summary>All decided sessions: those that published a point, and those that were fenced.</summary>
    internal async Task<HashSet<SessionId>> ReadDecidedAsync(CancellationToken token)
    {
        HashSet<SessionId> decided = [];
        await foreach (SessionId session in catalog.ListDecidedAsync(token))
        {
            decided.Add(session);
        }

        return decided;
    }

    /// <summary>Puts second copies of points, and copies of the settings, that are missing.</summary>
    /// <param name="absent">What a collection is about to delete.</param>
    internal async Task PutMissingCopiesAsync(AbsentSet absent, CancellationToken token)
    {
        HashSet<SessionId> decided = await ReadDecidedAsync(token);
        List<RestorePoint> points = await ListPointsAsync(token);
        points.RemoveAll(point => absent.Contains(point.Id));
        await new SettingsFile(Store).PutMissingAsync(Id, Settings, environment.Warn, token);
        await new PointMirrors(this, catalog, new CollectionFiles(Store, Id)).MendAsync(points, decided, token);
    }

    /// <inheritdoc cref="SessionOpener.OpenInspectionAsync"/>
    internal Task<Inspection> OpenInspectionAsync(CancellationToken token) => opener.OpenInspectionAsync(token);

    /// <summary>One verification, by whoever holds a lease.</summary>
    /// <param name="absent">As of that lease.</param>
    /// <param name="known">Records that are damaged, whether they are read or not.</param>
    internal VerificationRun NewVerificationRun(
        VerificationOptions options, AbsentSet absent, IReadOnlyCollection<DamagedPlace> known) =>
        new(this, catalog, environment, options, absent, known);

    /// <summary>Reads packs' tables from now on.</summary>
    /// <param name="absent">Packs that are taken for gone.</param>
    internal PackTables NewTables(AbsentSet absent) => 
        new(Store, Id, SessionLimits.PackTableBytesMax, absent, findsRecords: true);

    private static RepositoryId NewRepositoryId(RandomFill randomness)
    {
        Span<byte> bytes = stackalloc byte[RepositoryId.SizeBytes];
        randomness(bytes);
        return new RepositoryId(bytes);
    }
}
