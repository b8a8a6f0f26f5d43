using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Packs;

namespace HyperVBackup.Repository.Sessions;

/// <summary>
/// Reads one restore point under a lease (repo-format/concurrency.md, R1 to R5). A repository that cannot be written
/// is read without one: where its point is pruned and collected meanwhile, reading ends with a sentence. Thread-safe.
/// </summary>
public sealed class ReadingSession : IAsyncDisposable
{
    private readonly BackupRepository repository;
    private readonly HeldLease? lease;
    private readonly CopyJudge judge;
    private readonly ChunkBatchReader batches;
    private readonly ChunkReader chunks;
    private readonly AheadCopies ahead;

    internal ReadingSession(BackupRepository repository, RestorePoint point, HeldLease? lease, CopyJudge judge)
    {
        (this.repository, Point, this.lease, this.judge) = (repository, point, lease, judge);
        ahead = repository.NewAheadCopies();
        chunks = new ChunkReader(ahead, repository.Hasher, repository.Watch);
        batches = repository.NewBatchReader(ahead, chunks);
        Nodes = new SessionNodes(repository.Records, judge);
    }

    public RestorePoint Point { get; }

    /// <summary>The map nodes and lists of the repository. Fails with <see cref="SessionFencedException"/> where a
    /// collector gave this session up.</summary>
    public INodeSource Nodes { get; }

    /// <summary>Says which chunks <see cref="ReadChunksAsync"/> will be asked for, in which order. Where some of them
    /// are not where the map says, others are then looked for with them; nothing depends on it but speed.</summary>
    public void Expect(DiskMap map, IReadOnlyList<ChunkRange> ranges) =>
        ahead.Expect(new UpcomingChunks(map, ranges, repository.Nodes));

    /// <summary>Reads and checks one chunk, from any good copy.</summary>
    /// <param name="chunk">As long as a chunk of the repository.</param>
    /// <exception cref="RepositoryDamagedException">No good copy is left.</exception>
    /// <exception cref="SessionFencedException">A collector gave this session up: open another.</exception>
    /// <exception cref="RestorePointNotFoundException">The point was pruned meanwhile.</exception>
    public async ValueTask ReadChunkAsync(
        ChunkId id, RecordPlace hint, Memory<byte> chunk, CancellationToken token) =>
        await judge.SearchAsync(
            async () =>
            {
                await chunks.ReadAsync(id, hint, chunk, token);
                return true;
            },
            token);

    /// <summary>Reads and checks many chunks, from any good copies; those that lie close together at once. Records
    /// that several chunks take pages from are kept between calls.</summary>
    /// <param name="chunks">None of them zero.</param>
    /// <param name="bytes">Takes the chunks, one after another.</param>
    /// <exception cref="RepositoryDamagedException">A chunk has no good copy left.</exception>
    /// <exception cref="SessionFencedException">A collector gave this session up: open another.</exception>
    /// <exception cref="RestorePointNotFoundException">The point was pruned meanwhile.</exception>
    public async ValueTask ReadChunksAsync(
        ReadOnlyMemory<MapChunk> chunks, Memory<byte> bytes, CancellationToken token) =>
        await judge.SearchAsync(
            async () =>
            {
                await batches.ReadAsync(chunks, bytes, token);
                return true;
            },
            token);

    /// <summary>Searches for something in the repository; where it is not there, says why as all else here does.
    /// </summary>
    internal ValueTask<T> SearchAsync<T>(Func<ValueTask<T>> search, CancellationToken token) =>
        judge.SearchAsync(search, token);

    /// <summary>What <see cref="ReadChunksAsync"/> took so far.</summary>
    public RecordsRead RecordsRead => batches.Read;

    public async ValueTask DisposeAsync()
    {
        await ahead.DisposeAsync();
        if (lease is not null)
        {
            await repository.Watch.NoteAsync(repository, CancellationToken.None);
            await lease.EndAsync();
        }
    }
}
