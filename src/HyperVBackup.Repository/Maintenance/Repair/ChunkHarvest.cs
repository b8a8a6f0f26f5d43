using HyperVBackup.Format;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Packs;

namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>Reads many chunks of a repository from whatever copies it has, and goes over its packs as often for many as
/// for one. Used once.</summary>
internal sealed class ChunkHarvest(BackupRepository repository, AbsentSet absent)
{
    private readonly PackTables tables = repository.NewTables(absent);

    /// <param name="found">Told each chunk that was read; the bytes are good until it returns.</param>
    /// <exception cref="Storage.StoreException">The store cannot be read.</exception>
    public async Task RunAsync(
        IEnumerable<Digest> wanted, Func<Digest, ReadOnlyMemory<byte>, Task> found, CancellationToken token)
    {
        GatheredCopies copies = new(
            new PackListing(repository.Store, tables), new RecordFinder(repository.Store, tables));
        ChunkReader reader = new(copies, repository.Hasher);
        HashSet<Digest> left = [.. wanted];
        byte[] chunk = new byte[repository.Settings.ChunkSizeBytes];
        do
        {
            foreach (Digest id in left.ToArray())
            {
                token.ThrowIfCancellationRequested();
                if (await TryReadAsync(reader, id, chunk, token))
                {
                    left.Remove(id);
                    await found(id, chunk);
                }
            }
        }
        while (left.Count > 0 && await copies.GatherAsync(token));
    }

    private static async Task<bool> TryReadAsync(
        ChunkReader reader, Digest id, byte[] chunk, CancellationToken token)
    {
        try
        {
            await reader.ReadAsync(new ChunkId(id), default, chunk, token);
            return true;
        }
        catch (RepositoryDamagedException)
        {
            return false;
        }
    }
}
