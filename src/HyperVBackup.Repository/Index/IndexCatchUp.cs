using System.Buffers;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Index;

/// <summary>Teaches an index the packs of sessions it does not cover, from their tables. Packs that cannot be read
/// are passed over: their chunks are stored again when met, and verify reports them. Where it was the store that
/// failed, the session is not covered, and the next one tries again.</summary>
/// <param name="absent">Packs that a collection is about to delete: they are told first, so that any other copy of
/// their chunks is what the index answers with.</param>
internal sealed class IndexCatchUp(
    IBlobStore store, RepositoryId repository, IChunkIndex index, AbsentSet absent)
{
    private readonly HashSet<SessionId> unread = [];

    /// <summary>Chunks told to the index so far.</summary>
    public long EntryCount { get; private set; }

    /// <summary>Adds the packs of all <paramref name="sessions"/> that are not covered; those in
    /// <paramref name="decided"/> publish no more packs, so they are covered then.</summary>
    public async Task RunAsync(
        IEnumerable<SessionId> sessions, IReadOnlySet<SessionId> decided, CancellationToken token)
    {
        HashSet<SessionId> missing = [.. sessions.Where(session => !index.Covers(session))];
        string[] prefixes = missing.Count <= SessionLimits.CatchUpOneByOneMax
            ? [.. missing.Select(PrefixOf)]
            : ["packs/"];
        List<PackName> packs = await ListAsync(prefixes, pack => missing.Contains(pack.Session), token);
        await PackFolders.FlushAsync(store, packs, token);
        foreach (PackName pack in packs)
        {
            if (index.State != ChunkIndexState.Working)
            {
                return; // it takes nothing more: reading on would be for nothing, in every session anew
            }

            await AddAsync(pack, token);
        }

        Cover(missing.Where(decided.Contains));

        if (missing.Count > SessionLimits.CatchUpOneByOneMax)
        {
            await index.SaveAsync(token); // so much work is not to be lost with the backup that follows
        }
    }

    private async Task<List<PackName>> ListAsync(
        string[] prefixes, Func<PackName, bool> isWanted, CancellationToken token)
    {
        (List<PackName> packs, List<PackName> others) = ([], []);
        foreach (string prefix in prefixes)
        {
            await foreach (BlobName blob in store.ListAsync(prefix, token))
            {
                if (PackName.TryParse(blob.Path, out PackName pack) && isWanted(pack))
                {
                    (absent.Contains(pack) ? packs : others).Add(pack);
                }
            }
        }

        packs.AddRange(others);
        return packs;
    }

    private void Cover(IEnumerable<SessionId> sessions)
    {
        foreach (SessionId session in sessions.Where(session => !unread.Contains(session)))
        {
            index.Cover(session);
        }
    }

    private static string PrefixOf(SessionId session) => $"packs/{session.ToString()[..2]}/{session}-";

    private async Task AddAsync(PackName pack, CancellationToken token)
    {
        (PackTable? table, bool isUnread) = await PackTables.ReadAsync(store, repository, pack, token);
        if (isUnread)
        {
            unread.Add(pack.Session);
        }

        if (table is not null)
        {
            Add(pack, table);
        }
    }

    private void Add(PackName pack, PackTable table)
    {
        IndexEntry[] entries = ArrayPool<IndexEntry>.Shared.Rent(2 * table.Count);
        int count = IndexEntries.Read(table, entries);
        index.Add(pack, entries.AsSpan(0, count));
        ArrayPool<IndexEntry>.Shared.Return(entries);
        EntryCount += table.Count;
    }
}
