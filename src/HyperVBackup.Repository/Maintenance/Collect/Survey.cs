using HyperVBackup.Format;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>
/// Knows what packs hold and what points reach, and does not find it out again while neither changes: what points
/// reach follows from their roots alone, what a pack holds from its name. One thread at a time.
/// </summary>
internal sealed class Survey(
    FactsFile facts, StockReader reader, ContentHasher hasher, Workshop workshop, IProgress<CollectProgress> progress)
    : IDisposable
{
    private Stock? stock;
    private NeededIds? needed;

    /// <summary>For what else is to be sorted.</summary>
    public Workshop Workshop => workshop;

    /// <param name="packs">All that exist.</param>
    /// <returns>Good until the next call.</returns>
    /// <exception cref="RepositoryDamagedException">What points need is not there.</exception>
    public async Task<(Stock Stock, NeededIds Needed)> RunAsync(
        IReadOnlySet<PackName> packs, PointRoots roots, CancellationToken token)
    {
        try
        {
            return await TryRunAsync(packs, roots, token);
        }
        catch (Exception failure) when (failure is FactsDamagedException or EndOfStreamException)
        {
            Forget();
            facts.Clear();
        }

        return await TryRunAsync(packs, roots, token);
    }

    public void Dispose() => Forget();

    /// <summary>Leaves the host's file of facts as small as it should be.</summary>
    public void Tidy()
    {
        if (stock is not null)
        {
            PackSet packs = stock.Packs;
            Forget();
            reader.Compact(packs);
        }
    }

    private async Task<(Stock Stock, NeededIds Needed)> TryRunAsync(
        IReadOnlySet<PackName> packs, PointRoots roots, CancellationToken token)
    {
        if (stock is null || !packs.SetEquals(stock.Packs.Names))
        {
            stock?.Dispose();
            stock = null;
            stock = await reader.ReadAsync(packs, (done, total) => Report("read packs", done, total), token);
        }

        if (needed is null || !needed.Roots.IsSameAs(roots))
        {
            needed?.Dispose();
            needed = null;
            Marking marking = new(stock, hasher, workshop);
            needed = marking.Run(roots, count => Report("mark nodes", count, count), token);
        }

        return (stock, needed);
    }

    private void Report(string stage, long done, long total) =>
        progress.Report(new CollectProgress(stage, done, total, 0));

    private void Forget()
    {
        stock?.Dispose();
        needed?.Dispose();
        (stock, needed) = (null, null);
    }
}
