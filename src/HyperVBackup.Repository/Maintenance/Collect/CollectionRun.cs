using HyperVBackup.Format;
using HyperVBackup.Format.Collections;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Maintenance.Collect.Marks;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Repository.Pins;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>
/// The steps of a collector (C1 to C9 of repo-format/concurrency.md), again and again until there is nothing to do.
/// Where it stands, only the store says; so each turn asks it anew. Used once, by one thread.
/// </summary>
internal sealed class CollectionRun
{
    private const int RepackTriesMax = 3;
    private readonly BackupRepository repository;
    private readonly CollectionStore store;
    private readonly Survey survey;
    private readonly NothingNote note;
    private readonly CollectOptions options;
    private readonly IProgress<CollectProgress> progress;
    private readonly PackUses uses;
    private readonly Execution execution;
    private readonly List<SessionId> fenced = [];
    private readonly HashSet<PackName> repacked = [];
    private readonly List<(PackName Pack, uint OffsetBytes)> damaged = [];
    private HashSet<SessionId>? retiring;
    private KnownDamage known = KnownDamage.None;
    private CollectReport report = new();
    private long repackedBytes;
    private long? bytesBefore;
    private bool hasRepacked;
    private int repackTries;
    private StoreException? repackFailure;

    public CollectionRun(
        BackupRepository repository, CollectionStore store, Survey survey, NothingNote note, CollectOptions options,
        IProgress<CollectProgress> progress)
    {
        (this.repository, this.store, this.survey, this.note) = (repository, store, survey, note);
        (this.options, this.progress) = (options, progress);
        uses = new PackUses(options, survey.Workshop);
        execution = new Execution(store);
    }

    public async Task RunAsync(CancellationToken token)
    {
        bool isDone = false;
        while (!isDone)
        {
            long before = await store.Collections.ReadProgressAsync(token);
            CollectionState state = await ReadStateAsync(token); // C1
            try
            {
                isDone = await StepAsync(state, token);
            }
            catch (MarksUnusableException failure)
            {
                survey.Forget(failure);
            }
            catch (RepositoryDamagedException failure)
            {
                // What was missing may have been deleted by others, who have gone on meanwhile; or nothing needs it,
                // and only what this host keeps says so.
                if (await store.Collections.ReadProgressAsync(token) == before && !survey.TryDoubt(failure))
                {
                    throw;
                }
            }
        }
    }

    public CollectReport Report() => report with
    {
        BytesBefore = bytesBefore ?? 0,
        BytesFreed = report.BytesFreed + execution.FreedBytes,
        FilesDeleted = report.FilesDeleted + execution.FileCount,
        PointsRemoved = [.. report.PointsRemoved, .. execution.Points],
        PacksRemoved = report.PacksRemoved + execution.Packs.Count,
        PacksRepacked = report.PacksRepacked + execution.Packs.Count(repacked.Contains),
        BytesRepacked = report.BytesRepacked + repackedBytes,
        SessionsFenced = fenced,
    };

    /// <summary>Others may have been killed before what they put was durable; a dry run relies on nothing.</summary>
    private Task<CollectionState> ReadStateAsync(CancellationToken token) => options.DryRun
        ? store.Collections.ReadStateAsync(token)
        : store.Collections.ReadDurableStateAsync(token);

    /// <returns>Whether there is nothing left to do.</returns>
    private async Task<bool> StepAsync(CollectionState state, CancellationToken token)
    {
        if (options.DryRun)
        {
            return await ProposeAsync(state, token);
        }

        if (state.IsOpen)
        {
            await DecideAsync(state.Condemned!, token);
            return false;
        }

        CollectionSet? remains = state.Retired is { } retired
            ? await store.Collections.FindRemainsAsync(retired, token)
            : null;
        if (remains is { Points.Count: > 0 } or { Packs.Count: > 0 })
        {
            await execution.RunAsync(state.Retired!, remains, progress, token); // C9
            report = report with { CollectionCount = report.CollectionCount + 1 };
            hasRepacked &= repackFailure is null || repackTries == RepackTriesMax; // there may be room for it now
            return false;
        }

        return await ProposeAsync(state, token);
    }

    /// <summary>C2 to C4.</summary>
    /// <param name="before">Nothing of what it names is left, unless this is a dry run.</param>
    private async Task<bool> ProposeAsync(CollectionState before, CancellationToken token)
    {
        long number = before.Number + 1;
        known = await KnownDamage.ReadOrWarnAsync(repository, token);
        Listed listed = await ListAsync(token);
        Digest sum = SumOf(listed, number);
        if (note.TryRead(sum) is long packBytes)
        {
            bytesBefore ??= packBytes + execution.FreedPackBytes;
            report = report with { BytesAfter = packBytes };
            return true;
        }

        PointRoots roots = await store.Points.ReadRootsAsync(listed.Staying, token);
        (Stock stock, NeededIds needed) = await survey.RunAsync(listed.Packs, roots, token);
        PackUse found = uses.Decide(
            stock, needed, DamagedOf(stock.Packs), listed.IsAtWorkOn, listed.Groups, token);
        HashSet<PackName> immutable = await FindImmutableAsync(listed.Staying, listed.Locks, stock, token);
        PackUse use = found with
        {
            Unused = [.. listed.Groups.WholeOnly(found.Unused.Where(pack => !immutable.Contains(pack)))],
            UnusedAtWork = [.. listed.Groups.WholeOnly(found.UnusedAtWork.Where(pack => !immutable.Contains(pack)))],
            ToRepack = listed.Groups.WholeOnly(found.ToRepack.Where(pack => !immutable.Contains(pack))),
        };
        report = report with { BytesAfter = stock.Packs.BytesOf(stock.Packs.Names) };
        bytesBefore ??= report.BytesAfter + execution.FreedPackBytes;
        if (options.DryRun)
        {
            Tell(listed, stock.Packs, use);
            return true;
        }

        await execution.RemoveMarksAsync(listed.Gone, token);
        if (use.ToRepack.Count > 0 && !hasRepacked && await TryRepackAsync(stock, needed, use, roots, token))
        {
            return false;
        }

        CollectionSet proposal = await ProposalOfAsync(number, listed, use, token);
        if (proposal.Points.Count == 0 && proposal.Packs.Count == 0)
        {
            ThrowIfNotRepacked();
            bool isForGood = immutable.Count == 0 && use.ToRepack.Count == 0 && use.UnusedAtWork.Count == 0;
            NoteNothing(listed, sum, isForGood);
            return true;
        }

        await CondemnAsync(before.Retired, proposal, token);
        return false;
    }

    /// <summary>C2. What is marked after the first time is left to the next collector: this one would never end while
    /// others go on pruning.</summary>
    private async Task<Listed> ListAsync(CancellationToken token)
    {
        Listed listed = await Listed.ReadAsync(store, ReadLocksAsync, token);
        retiring ??= [.. listed.Retiring];
        return listed.WithOnly(retiring);
    }

    /// <summary>C4. What is condemned goes, also where a power loss took back that somebody marked a point or removed
    /// its pin who was killed before that was durable; so both are made durable first, and that all is gone that was
    /// retired before.</summary>
    private async Task CondemnAsync(CollectionSet? retired, CollectionSet proposal, CancellationToken token)
    {
        if (retired is not null)
        {
            await execution.RequireGoneAsync(retired, token);
        }

        if (proposal.Points.Count > 0)
        {
            await store.Marks.FlushAsync(proposal.Points[0], token);
            await store.Pins.FlushAsync(proposal.Points[0], token);
        }

        await store.Collections.TryPutCondemnedAsync(proposal, token); // whoever lost reads what won
    }

    /// <summary>Where there is nothing else, what sessions left that seem to be dead: waiting for them then tells.
    /// </summary>
    private async Task<CollectionSet> ProposalOfAsync(
        long number, Listed listed, PackUse use, CancellationToken token)
    {
        IEnumerable<PackName> packs = use.Unused;
        if (listed.Retiring.Count == 0 && use.Unused.Count == 0 && use.UnusedAtWork.Count > 0)
        {
            SilentSessions silent = new(store, options.Patience);
            HashSet<SessionId> sessions = await silent.FindAsync(
                use.UnusedAtWork.Select(pack => pack.Session).Where(listed.Undecided.Contains), token);
            packs = use.UnusedAtWork.Where(pack => sessions.Contains(pack.Session));
        }

        HashSet<PackName> going = listed.Groups.WholeOnly(packs.Take(FormatLimits.CollectionPackCountMax / 2));
        return new CollectionSet(
            number, listed.Retiring.Take(FormatLimits.CollectionPointCountMax),
            [.. going, .. listed.Groups.FilesOf(going).Concat(listed.Groups.Garbage)]);
    }

    /// <summary>C5 to C8.</summary>
    private async Task DecideAsync(CollectionSet condemned, CancellationToken token)
    {
        HashSet<SessionId> decided = await store.Points.ListAsync(token);
        fenced.AddRange(await new AbandonedSessions(
            store.Store, store.Repository, store.Leases, store.Environment).CleanAsync(decided, token));
        fenced.AddRange(await new WaitSet(store, condemned, options.Patience).RunAsync(progress, token));
        CollectionSet retired = await new Decision(store, survey).MakeAsync(
            condemned, ReadDamagedAsync,
            async (staying, stock) => await FindImmutableAsync(staying, await ReadLocksAsync(token), stock, token),
            token);
        await store.Collections.TryPutRetiredAsync(retired, token); // whoever lost reads what won
    }

    /// <summary>Where packs cannot be rewritten, what nothing needs goes even so: it may be the room that is missing.
    /// </summary>
    /// <returns>Whether they are rewritten.</returns>
    private async Task<bool> TryRepackAsync(
        Stock stock, NeededIds needed, PackUse use, PointRoots roots, CancellationToken token)
    {
        (hasRepacked, repackFailure) = (true, null);
        repackTries++;
        Repacking repacking = new(store, uses, survey.Workshop, repository.Settings, progress);
        try
        {
            await RepackAsync(repacking, stock, needed, use, roots, token);
            return true;
        }
        catch (StoreException failure) when (!token.IsCancellationRequested)
        {
            if (repacking.Session is not { } session
                || await store.ExistsAsync(FileNames.Lease(session), CancellationToken.None))
            {
                throw; // who cannot delete a lease cannot collect, and would wait for itself
            }

            repackFailure = failure;
            return false;
        }
    }

    private void ThrowIfNotRepacked()
    {
        if (repackFailure is { } failure)
        {
            string done = execution.FreedBytes > 0 ? "What nothing needs was deleted, but packs" : "Packs";
            throw new StoreException($"{done} of which much is dead cannot be rewritten: {failure.Message}", failure);
        }
    }

    private async Task RepackAsync(
        Repacking repacking, Stock stock, NeededIds needed, PackUse use, PointRoots roots, CancellationToken token)
    {
        await repacking.RunAsync(stock, needed, use, [.. roots.NewestTops], token);
        repackedBytes += repacking.CopiedBytes;
        repacked.UnionWith(use.ToRepack);
        damaged.AddRange(repacking.Damaged);
        foreach ((PackName pack, uint offsetBytes) in repacking.Damaged)
        {
            store.Environment.Warn(
                $"The record at {offsetBytes} of pack {pack} is damaged and was left there; 'verify' says what it "
                + "touches.");
            repository.Watch.Suspect(new RecordPlace(pack, offsetBytes, 1));
        }

        await repository.Watch.NoteAsync(repository, token);
    }

    private async Task<PointLocks> ReadLocksAsync(CancellationToken token) =>
        await PointLocks.ReadAsync(
            repository, await repository.ListPointsAsync(token), trustsClocks: false, token);

    /// <summary>Packs with anything that immutable points reach: they are neither deleted nor rewritten.</summary>
    private async Task<HashSet<PackName>> FindImmutableAsync(
        IEnumerable<SessionId> staying, PointLocks locks, Stock stock, CancellationToken token)
    {
        List<SessionId> immutable = [.. staying.Where(locks.IsImmutable)];
        if (immutable.Count == 0)
        {
            return [];
        }

        PointRoots roots = await store.Points.ReadRootsAsync(immutable, token);
        using NeededIds needed = survey.MarkApart(stock, roots, token);
        long[] usefulBytes = PackDensity.Measure(stock, needed, survey.Workshop, token);
        return [.. stock.Packs.Names.Where((_, pack) => usefulBytes[pack] > 0)];
    }

    /// <summary>What a pin holds today may go tomorrow without anything being put: then nothing is noted.</summary>
    private void NoteNothing(Listed listed, Digest sum, bool isForGood)
    {
        if (isForGood && !listed.Staying.Any(listed.Locks.Holds))
        {
            note.Write(sum, report.BytesAfter);
        }
    }

    private Digest SumOf(Listed listed, long number)
    {
        ListingSum sum = new();
        long[] limits = [number, options.DeadPercentMax, options.SmallPackCountMin, options.PackTargetBytes];
        sum.Add("damaged", known.Places);
        sum.Add("collect", [$"{string.Join(' ', limits)} {listed.Sum()}"]);
        return sum.ToDigest();
    }

    /// <summary>Asked after all who are in the way have ended: what they noted counts.</summary>
    private async Task<BadCopies> ReadDamagedAsync(PackSet packs, CancellationToken token)
    {
        known = await KnownDamage.ReadAsync(repository, token);
        return DamagedOf(packs);
    }

    /// <summary>What was found damaged here, and what notes name.</summary>
    private BadCopies DamagedOf(PackSet packs) => new(
        damaged.Concat(known.BadRecords)
            .Select(place => (packs.NumberOf(place.Pack), place.OffsetBytes))
            .ToHashSet(),
        known.BadPacks.Select(packs.NumberOf).ToHashSet());

    private void Tell(Listed listed, PackSet packs, PackUse use)
    {
        long freed = packs.BytesOf(use.Unused) + packs.BytesOf(use.ToRepack) - use.RewrittenBytes;
        report = report with
        {
            BytesAfter = report.BytesAfter - freed,
            BytesFreed = freed,
            PointsRemoved = listed.Retiring,
            PacksRemoved = use.Unused.Count + use.ToRepack.Count,
            PacksRepacked = use.ToRepack.Count,
            BytesRepacked = use.LiveBytes,
        };
    }
}
