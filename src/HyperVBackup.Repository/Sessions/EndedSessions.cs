using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Sessions;

/// <summary>Sessions that publish no more packs: the decided ones, and those whose packs are there and whose lease is
/// gone. These gave up, or a collection deleted their points, while others may need their packs.</summary>
internal static class EndedSessions
{
    /// <summary>A listing of packs that begins afterwards shows all packs of these sessions that there are.</summary>
    /// <param name="packFolders">Whose packs are looked at.</param>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public static async Task<HashSet<SessionId>> ReadAsync(
        BackupRepository repository, IEnumerable<string> packFolders, CancellationToken token)
    {
        // In this order: a lease stands before the first pack, and until its session ends.
        HashSet<SessionId> ended = [];
        foreach (string folder in packFolders)
        {
            await foreach (BlobName blob in repository.Store.ListAsync(folder, token))
            {
                if (PackName.TryParse(blob.Path, out PackName pack))
                {
                    ended.Add(pack.Session);
                }
            }
        }

        await foreach (SessionId session in repository.Leases.ListAsync(token))
        {
            ended.Remove(session);
        }

        ended.UnionWith(await repository.ReadDecidedAsync(token));
        return ended;
    }
}
