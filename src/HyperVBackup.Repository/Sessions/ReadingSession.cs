using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Sessions;

/// <summary>
/// Reads one restore point under a lease (repo-format/concurrency.md, R1 to R5). A repository that cannot be written
/// is read without one: then nobody collects garbage through this mount either. Thread-safe.
/// </summary>
public sealed class ReadingSession : IAsyncDisposable
{
    private readonly BackupRepository repository;
    private readonly SessionId? lease;

    internal ReadingSession(BackupRepository repository, RestorePoint point, SessionId? lease)
    {
        (this.repository, Point, this.lease) = (repository, point, lease);
    }

    public RestorePoint Point { get; }

    /// <summary>The map nodes and lists of the repository.</summary>
    public INodeSource Nodes => repository.Records;

    /// <summary>Reads and checks one chunk, from any good copy.</summary>
    /// <param name="chunk">As long as a chunk of the repository.</param>
    /// <exception cref="RepositoryDamagedException">No good copy is left.</exception>
    public ValueTask ReadChunkAsync(ChunkId id, RecordPlace hint, Memory<byte> chunk, CancellationToken token) =>
        repository.Records.ReadChunkAsync(id, hint, chunk, token);

    /// <summary>Reads raw bytes of a pack; the caller decodes the records in them with
    /// <see cref="TryDecodeChunk"/>.</summary>
    /// <returns>The count read; less than asked at the pack's end; null where the pack is gone or cannot be
    /// read.</returns>
    public ValueTask<int?> TryReadPackAsync(
        PackName pack, long offsetBytes, Memory<byte> buffer, CancellationToken token) =>
        repository.Records.TryReadAsync(new BlobName(pack.BlobName), offsetBytes, buffer, token);

    /// <summary>Decodes and hashes a record; false where it is not a good record of <paramref name="id"/>.</summary>
    public bool TryDecodeChunk(ChunkId id, ReadOnlySpan<byte> record, Span<byte> chunk) =>
        repository.Records.TryDecodeChunk(id, record, chunk);

    public async ValueTask DisposeAsync()
    {
        if (lease is SessionId id)
        {
            await repository.Leases.DeleteAsync(id);
        }
    }
}
