using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Pins;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>What a collector listed before it proposes anything, in this order (C2): marks, pins, packs, leases,
/// points; and packs once more, as points that were published meanwhile need packs that were too.</summary>
/// <param name="Retiring">Restore points that are marked and that no pin holds.</param>
/// <param name="Staying">All other decided sessions: restore points and fences.</param>
/// <param name="Gone">Marked points that are gone: their marks may go too.</param>
/// <param name="Packs">All that exist.</param>
/// <param name="Candidates">Those of them that were there before the leases were listed: only of these it is known
/// whether anybody is at work on them.</param>
/// <param name="Undecided">Sessions with a lease and neither point nor fence.</param>
/// <param name="Locks">Which points may not go.</param>
/// <param name="Groups">Which packs go together.</param>
internal sealed record Listed(
    IReadOnlyList<SessionId> Retiring,
    IReadOnlyList<SessionId> Staying,
    IReadOnlyList<SessionId> Gone,
    IReadOnlySet<PackName> Packs,
    IReadOnlySet<PackName> Candidates,
    IReadOnlySet<SessionId> Undecided,
    PointLocks Locks,
    ParityGroups Groups)
{
    /// <param name="readLocks">Asked once the marks are listed.</param>
    public static async Task<Listed> ReadAsync(
        CollectionStore store, Func<CancellationToken, Task<PointLocks>> readLocks, CancellationToken token)
    {
        HashSet<SessionId> marked = [];
        await foreach (SessionId point in store.Marks.ListAsync(token))
        {
            marked.Add(point);
        }

        PointLocks locks = await readLocks(token);
        HashSet<PackName> candidates = await store.ListPacksAsync(token);
        HashSet<SessionId> undecided = [];
        await foreach (SessionId session in store.Leases.ListAsync(token))
        {
            undecided.Add(session);
        }

        HashSet<SessionId> points = await store.Points.ListAsync(token);
        undecided.ExceptWith(points);
        List<SessionId> retiring = await store.Points.WithoutFencesAsync(
            marked.Where(point => points.Contains(point) && !locks.Holds(point)), token);
        HashSet<PackName> packs = await store.ListPacksAsync(token);
        return new Listed(
            retiring,
            [.. points.Except(retiring)],
            [.. marked.Where(point => !points.Contains(point))],
            packs,
            candidates,
            undecided,
            locks,
            await ParityGroups.ReadAsync(store, packs, token));
    }

    /// <summary>As if only these points had been marked: the others stay until the next time.</summary>
    public Listed WithOnly(IReadOnlySet<SessionId> retiring) => this with
    {
        Retiring = [.. Retiring.Where(retiring.Contains)],
        Staying = [.. Staying, .. Retiring.Where(point => !retiring.Contains(point))],
    };

    /// <summary>Whether a pack is to be left alone: its session may yet need it.</summary>
    public bool IsAtWorkOn(PackName pack) => !Candidates.Contains(pack) || Undecided.Contains(pack.Session);

    /// <summary>A sum over all that was listed; the same for no other listing. What pins say is not in it.</summary>
    public Digest Sum()
    {
        ListingSum sum = new();
        sum.Add("retiring", Retiring);
        sum.Add("staying", Staying);
        sum.Add("gone", Gone);
        sum.Add("undecided", Undecided);
        sum.Add("packs", Packs);
        sum.Add("garbage", Groups.Garbage);
        return sum.ToDigest();
    }
}
