using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Packs;

namespace HyperVBackup.Repository.Sessions;

/// <summary>
/// Reads one restore point under a lease (repo-format/concurrency.md, R1 to R5). A repository that cannot be written
/// is read without one: then nobody collects garbage through this mount either. Thread-safe.
/// </summary>
public sealed class ReadingSession : IAsyncDisposable
{
    private readonly BackupRepository repository;
    private readonly SessionId? lease;
    private readonly ChunkBatchReader batches;

    internal ReadingSession(BackupRepository repository, RestorePoint point, SessionId? lease)
    {
        (this.repository, Point, this.lease) = (repository, point, lease);
        batches = repository.NewBatchReader();
    }

    public RestorePoint Point { get; }

    /// <summary>The map nodes and lists of the repository.</summary>
    public INodeSource Nodes => repository.Records;

    /// <summary>Reads and checks one chunk, from any good copy.</summary>
    /// <param name="chunk">As long as a chunk of the repository.</param>
    /// <exception cref="RepositoryDamagedException">No good copy is left.</exception>
    public ValueTask ReadChunkAsync(ChunkId id, RecordPlace hint, Memory<byte> chunk, CancellationToken token) =>
        repository.Records.ReadChunkAsync(id, hint, chunk, token);

    /// <summary>Reads and checks many chunks, from any good copies; those that lie close together at once. Records
    /// that several chunks take pages from are kept between calls.</summary>
    /// <param name="chunks">None of them zero.</param>
    /// <param name="bytes">Takes the chunks, one after another.</param>
    /// <exception cref="RepositoryDamagedException">A chunk has no good copy left.</exception>
    public ValueTask ReadChunksAsync(
        ReadOnlyMemory<MapChunk> chunks, Memory<byte> bytes, CancellationToken token) =>
        batches.ReadAsync(chunks, bytes, token);

    /// <summary>What <see cref="ReadChunksAsync"/> took so far.</summary>
    public RecordsRead RecordsRead => batches.Read;

    public async ValueTask DisposeAsync()
    {
        if (lease is SessionId id)
        {
            await repository.Leases.DeleteAsync(id);
        }
    }
}
