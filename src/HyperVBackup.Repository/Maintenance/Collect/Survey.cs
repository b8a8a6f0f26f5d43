using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Maintenance.Collect.Marks;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>
/// Knows what packs hold and what points reach, and does not find it out again while neither changes: what points
/// reach follows from their roots alone, what a pack holds from its name. One thread at a time.
/// </summary>
internal sealed class Survey(
    FactsFile facts, StockReader reader, KeptMarks marks, Workshop workshop, IProgress<CollectProgress> progress)
    : IDisposable
{
    private Stock? stock;

    /// <summary>For what else is to be sorted.</summary>
    public Workshop Workshop => workshop;

    /// <param name="packs">All that exist.</param>
    /// <returns>Good until the next call. Going over what is needed may throw
    /// <see cref="MarksUnusableException"/>: then it is to be forgotten, and asked for again.</returns>
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
            DropStock();
            facts.Clear();
        }

        return await TryRunAsync(packs, roots, token);
    }

    /// <summary>What immutable points reach is asked for anew each time: they are few, and others the next time.
    /// </summary>
    /// <param name="stock">The last one given.</param>
    /// <exception cref="RepositoryDamagedException">What points need is not there.</exception>
    public NeededIds MarkApart(Stock stock, PointRoots roots, CancellationToken token) =>
        marks.MarkApart(stock, roots, token);

    /// <inheritdoc cref="KeptMarks.TryDoubt"/>
    public bool TryDoubt(RepositoryDamagedException failure) => marks.TryDoubt(failure);

    /// <summary>What points reach is found anew the next time.</summary>
    public void Forget(MarksUnusableException failure) => marks.Forget(failure);

    public void Dispose()
    {
        DropStock();
        marks.Dispose();
    }

    /// <summary>Leaves the host's file of facts as small as it should be.</summary>
    public void Tidy()
    {
        if (stock is not null)
        {
            PackSet packs = stock.Packs;
            DropStock();
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

        NeededIds needed = marks.Mark(stock, roots, count => Report("mark nodes", count, count), token);
        return (stock, needed);
    }

    private void Report(string stage, long done, long total) =>
        progress.Report(new CollectProgress(stage, done, total, 0));

    private void DropStock()
    {
        stock?.Dispose();
        stock = null;
    }
}
