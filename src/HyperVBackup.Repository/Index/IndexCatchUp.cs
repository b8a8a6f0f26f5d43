using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Index;

/// <summary>Teaches an index the packs of sessions it does not cover, from their tables. Where it was the store that
/// failed, the session is not covered, and the next one tries again.</summary>
/// <param name="absent">Packs that a collection is about to delete: they are told first, so that any other copy of
/// their chunks is what the index answers with.</param>
internal sealed class IndexCatchUp(
    IBlobStore store, RepositoryId repository, IChunkIndex index, AbsentSet absent)
{
    private readonly IndexFeed feed = new(store, repository, index.Add);

    /// <summary>Chunks told to the index so far.</summary>
    public long EntryCount => feed.RecordCount;

    /// <summary>Adds the packs of all <paramref name="sessions"/> that are not covered; those in
    /// <paramref name="decided"/> publish no more packs, so they are covered then.</summary>
    /// <returns>Whether all that there is was read, and taken.</returns>
    public async Task<bool> RunAsync(
        IEnumerable<SessionId> sessions, IReadOnlySet<SessionId> decided, CancellationToken token)
    {
        if (index.State != ChunkIndexState.Working)
        {
            return false; // it takes nothing more: what is missing would be looked for in vain in every session
        }

        HashSet<SessionId> missing = [.. sessions.Where(session => !index.Covers(session))];
        string[] prefixes = missing.Count <= SessionLimits.CatchUpOneByOneMax
            ? [.. missing.Select(PrefixOf)]
            : ["packs/"];
        List<PackName> packs = await ListAsync(prefixes, pack => missing.Contains(pack.Session), token);
        await PackFolders.FlushAsync(store, packs, token);
        await TellAsync(packs.FindAll(absent.Contains), token);
        await TellAsync(packs.FindAll(pack => !absent.Contains(pack)), token);
        if (index.State != ChunkIndexState.Working)
        {
            return false;
        }

        Cover(missing.Where(decided.Contains));

        if (missing.Count > SessionLimits.CatchUpOneByOneMax)
        {
            await index.SaveAsync(token); // so much work is not to be lost with the backup that follows
        }

        return !missing.Any(feed.IsUnread);
    }

    private async Task<List<PackName>> ListAsync(
        string[] prefixes, Func<PackName, bool> isWanted, CancellationToken token)
    {
        List<PackName> packs = [];
        foreach (string prefix in prefixes)
        {
            await foreach (BlobName blob in store.ListAsync(prefix, token))
            {
                if (PackName.TryParse(blob.Path, out PackName pack) && isWanted(pack))
                {
                    packs.Add(pack);
                }
            }
        }

        return packs;
    }

    private Task TellAsync(List<PackName> packs, CancellationToken token) => feed.RunAsync(
        packs, isWanted: () => index.State == ChunkIndexState.Working, done: () => { }, token);

    private void Cover(IEnumerable<SessionId> sessions)
    {
        foreach (SessionId session in sessions.Where(session => !feed.IsUnread(session)))
        {
            index.Cover(session);
        }
    }

    private static string PrefixOf(SessionId session) => $"packs/{session.ToString()[..2]}/{session}-";
}
