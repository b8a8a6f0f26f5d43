using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Index;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Pages;
using HyperVBackup.Repository.Pins;
using HyperVBackup.Repository.Points;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Sessions;

/// <summary>
/// One try at publishing one restore point: a lease first, then look-ups, chunk packs, map packs, the point
/// (repo-format/concurrency.md, W1 to W7). Disposing it uncommitted publishes nothing. Classifying and storing chunks
/// may run on two threads; the rest is for one thread at a time.
/// </summary>
public sealed class WritingSession : IAsyncDisposable
{
    private readonly BackupRepository repository;
    private readonly SessionOpener opener;
    private readonly SessionChunks chunks;
    private readonly SessionMaps maps;
    private readonly IChunkIndex index;
    private readonly ChunkPlanner planner;
    private readonly HitSampling sampling;
    private readonly HeldLease lease;
    private bool isEnded;
    private StoredPin? pin;

    internal WritingSession(
        BackupRepository repository, SessionOpener opener, HeldLease lease, IReadOnlyList<RestorePoint> points,
        INodeSource nodes, SessionChunks chunks, SessionMaps maps, IChunkIndex index, ChunkPlanner planner,
        HitSampling sampling)
    {
        (this.repository, this.opener, this.lease) = (repository, opener, lease);
        (Points, Nodes) = (points, nodes);
        (this.chunks, this.maps, this.index, this.planner) = (chunks, maps, index, planner);
        this.sampling = sampling;
    }

    /// <summary>Names the session and the point it may publish.</summary>
    public SessionId Id => lease.Id;

    /// <summary>The restore points that stood when the session had its lease, and that no collection is about to
    /// delete, marked ones too: parents are chosen among these (W3).</summary>
    public IReadOnlyList<RestorePoint> Points { get; }

    /// <summary>Whether the point stands: also when <see cref="CommitAsync"/> failed at what comes after it.</summary>
    public bool IsCommitted { get; private set; }

    /// <summary>The map nodes and lists that are stored. Fails with <see cref="SessionFencedException"/> where
    /// something is gone because a collector gave this session up.</summary>
    public INodeSource Nodes { get; }

    /// <summary>Where the session's map nodes and lists go.</summary>
    public IMapSink Maps => maps;

    /// <summary>Bytes of map data written so far, one copy counted.</summary>
    public long MapBytesWritten => maps.BytesWritten;

    /// <summary>Records that were read again, of those relied on instead of storing bytes anew.</summary>
    public long HitsReread => sampling.RereadCount;

    /// <summary>Before this time nothing takes the point away; null, as usual, where anybody may.</summary>
    public DateTimeOffset? ImmutableUntil { get; set; }

    /// <summary>Says for each chunk what is to be done with it; to be called in disk order.</summary>
    /// <param name="places">Set where the fate is <see cref="ChunkFate.Stored"/>.</param>
    public ValueTask ClassifyAsync(
        ReadOnlyMemory<ChunkId> ids, Memory<RecordPlace> places, Memory<ChunkFate> fates, CancellationToken token) =>
        chunks.ClassifyAsync(ids, places, fates, token);

    /// <summary>Whether a chunk may not be taken over from the parent unasked: a record of it is known to be damaged.
    /// It is to be classified as if the parent did not hold it. Thread-safe.</summary>
    public bool IsDoubtful(ChunkId id) => chunks.IsDoubtful(id);

    /// <summary>Says how chunks that were classified as new are best stored: null for whole, else which pages are taken
    /// from records that stand. Thread-safe.</summary>
    public ValueTask PlanAsync(
        ReadOnlyMemory<NewChunk> newChunks, Memory<ChunkPlan?> plans, CancellationToken token) =>
        planner.PlanAsync(newChunks, plans, token);

    /// <summary>Appends the records of chunks that were classified as new, in the order of classifying.</summary>
    /// <param name="records">The records, one after the other; deltas are completed in it.</param>
    /// <exception cref="StoreException">The store is full or failed.</exception>
    public ValueTask StoreAsync(
        ReadOnlyMemory<EncodedRecord> encoded, Memory<byte> records, Memory<RecordPlace> places,
        CancellationToken token) =>
        chunks.AppendAsync(encoded, records, places, token);

    /// <summary>The place of a chunk classified as repeated; known once the batches before it were stored.</summary>
    public RecordPlace PlaceOf(ChunkId id) => chunks.PlaceOf(id);

    /// <summary>Makes chunk packs, then map packs durable (W5). After it, sources may be sealed.</summary>
    public async Task FlushAsync(CancellationToken token)
    {
        await chunks.FlushAsync(token);
        await maps.FlushAsync(token);
    }

    /// <summary>Does what comes before the commit. Others remove the temporary files of a session that was given up, so
    /// that what it writes fails: that is told as what it is.</summary>
    /// <exception cref="SessionFencedException">A collector was first; open another session.</exception>
    /// <exception cref="StoreException">The store is full or failed.</exception>
    public async Task<T> WorkAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (StoreException)
        {
            await ThrowIfFencedAsync(CancellationToken.None);
            throw;
        }
    }

    /// <summary>Asks whether the session was given up, so that no source is sealed in vain. Only the commit decides.
    /// </summary>
    /// <exception cref="SessionFencedException">A collector was first; open another session.</exception>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public Task ThrowIfFencedAsync(CancellationToken token) => lease.Name.ThrowIfFencedAsync(token);

    /// <summary>Publishes <paramref name="point"/>, whose <see cref="RestorePoint.Id"/> is this session's (W6, W7).
    /// </summary>
    /// <exception cref="SessionFencedException">A collector was first; nothing is published.</exception>
    /// <exception cref="StoreException">The store failed: nothing is published, or, where the store could not
    /// even be asked, it is not known; then the lease stays.</exception>
    public async Task CommitAsync(RestorePoint point, CancellationToken token)
    {
        Invariant.Check(point.Id == Id && !isEnded && !lease.Name.IsInDoubt);
        await FlushAsync(token);
        await HoldAsync(token);
        await lease.Name.CommitAsync(point, token);
        IsCommitted = true;
        index.Cover(Id);
        await Task.WhenAll(index.SaveAsync(CancellationToken.None).AsTask(), EndCommittedAsync(point));
    }

    /// <summary>Makes what was stored durable and ends without a restore point, decided all the same: a fence of its
    /// own stands for it, so that every host takes its packs into its index.</summary>
    /// <exception cref="StoreException">The store failed: the packs serve as copies even so.</exception>
    public async Task CompleteWithoutPointAsync(CancellationToken token)
    {
        Invariant.Check(!isEnded && !lease.Name.IsInDoubt);
        await FlushAsync(token);
        await lease.Name.DecideWithoutPointAsync(token);
        await EndAsync();
        index.Cover(Id);
    }

    /// <summary>Ends the session; what it published as packs stays for the next try to find.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await chunks.DisposeAsync();
            await maps.DisposeAsync();
            await EndAsync();
            await LetGoAsync();
            opener.NoteEnded(Id);
            await index.SaveAsync(CancellationToken.None);
            repository.WarnWhereFull(index);
            await repository.Watch.NoteAsync(repository, CancellationToken.None);
        }
        finally
        {
            await index.DisposeAsync(); // or nobody in this process could open it again
        }
    }

    private async Task EndCommittedAsync(RestorePoint point)
    {
        await repository.TryMirrorAsync(lease.Name, point);
        await EndAsync();
    }

    /// <summary>The pin comes before its point, so that there is no moment at which the point could be taken away.
    /// </summary>
    private async Task HoldAsync(CancellationToken token)
    {
        if (ImmutableUntil is { } until)
        {
            pin = await new PointPins(repository).HoldForSessionAsync(Id, until, token);
        }
    }

    private async Task LetGoAsync()
    {
        if (pin is not null && !IsCommitted && !lease.Name.IsInDoubt)
        {
            await new PointPins(repository).TakeBackAsync(pin);
        }
    }

    private Task EndAsync()
    {
        isEnded = true; // an uncommitted session never commits from now on
        return lease.EndAsync();
    }
}
