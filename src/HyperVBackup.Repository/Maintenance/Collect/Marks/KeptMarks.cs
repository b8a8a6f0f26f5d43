using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect.Marks;

/// <summary>
/// Marks what points reach from what this host found the last time, so that it costs what came and went since. Where
/// much has, or often enough, all is marked anew, and what was kept is held against that. What is kept may be damaged
/// or gone at any time: then all is marked anew as well. Where it cannot be kept, it is gone after use. One thread at a
/// time.
/// </summary>
/// <param name="host">What this host keeps.</param>
/// <param name="warn">Told where what was kept was wrong.</param>
/// <param name="changesCountFree">So many changes are never too many.</param>
internal sealed class KeptMarks(
    MarksFolder host, ContentHasher hasher, Workshop workshop, Action<string> warn,
    int changesCountFree = KeptMarks.ChangesCountUsual) : IDisposable
{
    /// <summary>The part of the large table up to which changes are kept beside it.</summary>
    private const int ChangesShare = 8;
    private const int ChangesCountUsual = 4096;
    /// <summary>What is wrong and unnoticed lives no longer than so many markings that went on from it.</summary>
    private const int MarkingsOnMax = 30;
    private const int ForgottenCountMax = 3;
    private MarksFolder? apart;
    private NeededIds? kept;
    private bool isLoaded;
    private bool isOfThisRun;
    private string? doubt;
    private int forgottenCount;

    /// <summary>Once there was no room to keep anything, nothing is, until the next run.</summary>
    private MarksFolder Folder => apart ?? host;

    /// <param name="facts">Who has the host's has its marks.</param>
    /// <param name="path">The host's folder for this repository; null where it keeps nothing.</param>
    public static KeptMarks Of(BackupRepository repository, FactsFile facts, string? path, Workshop workshop) => new(
        new MarksFolder(
            facts.IsOfHost ? path : null, repository.Id, workshop.Scratch, repository.Environment.Randomness),
        repository.Hasher, workshop, repository.Environment.Warn);

    /// <returns>Good until the next call.</returns>
    /// <param name="nodesRead">Told how many nodes were read.</param>
    /// <exception cref="RepositoryDamagedException">A node or list that is needed has no good copy.</exception>
    /// <exception cref="FactsDamagedException">The file of facts is to be made anew.</exception>
    /// <exception cref="IOException">There is no room.</exception>
    public NeededIds Mark(Stock stock, PointRoots roots, Action<long> nodesRead, CancellationToken token)
    {
        Load();
        if (kept is not null && doubt is null && kept.Roots.IsSameAs(roots))
        {
            return kept;
        }

        NeededIds marked;
        try
        {
            marked = MarkNow(stock, roots, nodesRead, token);
        }
        catch (Exception failure)
            when (failure is (IOException and not EndOfStreamException) or UnauthorizedAccessException)
        {
            host.Sweep(kept);
            apart = host.Apart();
            marked = MarkNow(stock, roots, nodesRead, token);
        }

        kept?.Dispose();
        (kept, doubt) = (marked, null);
        Folder.Save(marked);
        return marked;
    }

    /// <summary>All that other roots reach, found anew, beside what is kept.</summary>
    /// <exception cref="RepositoryDamagedException">A node or list that is needed has no good copy.</exception>
    /// <exception cref="FactsDamagedException">The file of facts is to be made anew.</exception>
    /// <exception cref="IOException">There is no room.</exception>
    public NeededIds MarkApart(Stock stock, PointRoots roots, CancellationToken token)
    {
        using NeededIds nothing = NeededIds.None();
        return new Marking(stock, hasher, workshop, host.Apart()).Run(nothing, roots, _ => { }, token);
    }

    /// <summary>Something that is needed by these marks has no good copy: unless they were made anew in this run, they
    /// may be what is wrong. Then the next marking is made anew, and they are held against it.</summary>
    /// <returns>False where they were made anew.</returns>
    public bool TryDoubt(RepositoryDamagedException failure)
    {
        if (kept is null || isOfThisRun || doubt is not null)
        {
            return false;
        }

        doubt = failure.Message;
        return true;
    }

    /// <summary>The next marking is made anew.</summary>
    /// <param name="failure">Why.</param>
    /// <exception cref="IOException">That was of no use more than once.</exception>
    public void Forget(MarksUnusableException failure)
    {
        if (forgottenCount++ == ForgottenCountMax)
        {
            throw new IOException($"This host's files do not give back what is written to them: {failure.Message}");
        }

        Complain(failure.Message);
        Dispose();
        host.Clear();
        (kept, isLoaded, doubt) = (null, true, null);
    }

    public void Dispose() => kept?.Dispose();

    private void Load()
    {
        kept = isLoaded ? kept : host.TryLoad();
        isLoaded = true;
    }

    private NeededIds MarkNow(Stock stock, PointRoots roots, Action<long> nodesRead, CancellationToken token)
    {
        if (kept is null)
        {
            return MarkAnew(stock, roots, nodesRead, token);
        }

        return doubt is null
            ? MarkOn(kept, stock, roots, nodesRead, token)
            : MarkDoubted(kept, stock, roots, nodesRead, token);
    }

    private NeededIds MarkOn(
        NeededIds before, Stock stock, PointRoots roots, Action<long> nodesRead, CancellationToken token)
    {
        try
        {
            NeededIds marked = new Marking(stock, hasher, workshop, Folder).Run(before, roots, nodesRead, token);
            bool isGoneOnFrom = HasFewChanges(marked.ChunkMarks) && HasFewChanges(marked.MapMarks)
                && marked.MarkingCount <= MarkingsOnMax + 1;
            return isGoneOnFrom ? marked : MarkAnewBeside(marked, stock, nodesRead, token);
        }
        catch (MarksUnusableException failure)
        {
            Complain(failure.Message);
            return MarkAnew(stock, roots, nodesRead, token);
        }
    }

    private NeededIds MarkAnew(Stock stock, PointRoots roots, Action<long> nodesRead, CancellationToken token)
    {
        using NeededIds nothing = NeededIds.None();
        NeededIds anew = new Marking(stock, hasher, workshop, Folder).Run(nothing, roots, nodesRead, token);
        isOfThisRun = true;
        return anew;
    }

    /// <summary>Damage that is found again is no fault of what was kept.</summary>
    private NeededIds MarkDoubted(
        NeededIds before, Stock stock, PointRoots roots, Action<long> nodesRead, CancellationToken token)
    {
        NeededIds anew = MarkAnew(stock, roots, nodesRead, token);
        if (before.Roots.IsSameAs(roots))
        {
            Compare(before, anew);
        }
        else
        {
            Complain(doubt!);
        }

        return anew;
    }

    /// <summary>Two ways must lead to the same.</summary>
    private NeededIds MarkAnewBeside(
        NeededIds marked, Stock stock, Action<long> nodesRead, CancellationToken token)
    {
        using (marked)
        {
            NeededIds anew = MarkAnew(stock, marked.Roots, nodesRead, token);
            Compare(marked, anew);
            return anew;
        }
    }

    private void Compare(NeededIds marked, NeededIds anew)
    {
        try
        {
            bool isSame = marked.ChunkMarks.ReadMarks().SequenceEqual(anew.ChunkMarks.ReadMarks())
                && marked.MapMarks.ReadMarks().SequenceEqual(anew.MapMarks.ReadMarks());
            if (!isSame)
            {
                Complain("It does not agree with what is found anew.");
            }
        }
        catch (MarksUnusableException failure)
        {
            Complain(failure.Message);
        }
    }

    private void Complain(string complaint) => warn(
        "What this host keeps about what restore points need cannot be used, so all of it was found anew: "
        + complaint);

    private bool HasFewChanges(MarkedIds ids) =>
        ids.Changes.Count <= Math.Max(changesCountFree, ids.Large.Count / ChangesShare);
}
