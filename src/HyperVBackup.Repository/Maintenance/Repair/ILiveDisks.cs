using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>Disks of machines as they are now, in which lost chunks may still stand. The repository never sees a disk:
/// whoever knows disks implements this.</summary>
public interface ILiveDisks
{
    /// <summary>What is searched, for people.</summary>
    string Description { get; }

    /// <summary>Looks for chunks, first where restore points hold them. Whatever is given is hashed again, so that a
    /// wrong answer costs nothing but time.</summary>
    /// <param name="wanted">The chunks, and where points hold them.</param>
    /// <param name="hasher">The repository's.</param>
    /// <param name="found">Told the id and the bytes of each chunk that was found.</param>
    /// <param name="readBytes">Told how many bytes were read, now and then.</param>
    Task FindAsync(
        IReadOnlyCollection<WantedChunk> wanted, ContentHasher hasher,
        Func<ChunkId, ReadOnlyMemory<byte>, ValueTask> found, Action<long> readBytes, CancellationToken token);
}
