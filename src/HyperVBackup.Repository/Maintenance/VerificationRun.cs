using HyperVBackup.Format;
using HyperVBackup.Format.Collections;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Format.Rotation;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Maintenance.Rotation;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Parity;
using HyperVBackup.Repository.Pins;
using HyperVBackup.Repository.Points;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>
/// Checks a repository against itself: both copies of settings, points and map packs with every record in them,
/// footers and page hashes of chunk packs, that recipes make their chunks, and that every chunk a point reaches has a
/// complete copy; with data, also every chunk record, decoded and hashed. It repairs nothing and needs no index. Used
/// once.
/// </summary>
internal sealed class VerificationRun
{
    private readonly IBlobStore store;
    private readonly RepositoryId repository;
    private readonly BackupRepository whole;
    private readonly ContentHasher hasher;
    private readonly RepositorySettings settings;
    private readonly GatheredMaps maps;
    private readonly VerificationOptions options;
    private readonly RepositoryEnvironment environment;
    private readonly AbsentSet absent;
    private readonly IReadOnlyCollection<DamagedPlace> known;
    private readonly CollectionFiles collections;
    private readonly DamageLog damage = new();
    private readonly FooterSections footers;
    private readonly PackListing listing;
    private readonly PointsCheck points;
    private readonly PackChecks checks;
    private readonly ParityCheck parity;
    private HintedPacks hinted = new();
    private RotationKeeper? keeper;
    private uint doneShare;

    public VerificationRun(
        BackupRepository repository, PointCatalog catalog, RepositoryEnvironment environment,
        VerificationOptions options, AbsentSet absent, IReadOnlyCollection<DamagedPlace> known)
    {
        (store, this.repository, hasher, whole) = (repository.Store, repository.Id, repository.Hasher, repository);
        (settings, this.absent, this.known) = (repository.Settings, absent, known);
        (this.environment, this.options) = (environment, options);
        collections = new CollectionFiles(store, this.repository);
        points = new PointsCheck(store, catalog, collections, absent, damage, options.Points);
        parity = new ParityCheck(store, this.repository);
        footers = new FooterSections(store, this.repository);
        maps = new GatheredMaps(repository, footers.Tables);
        listing = new PackListing(store, footers.Tables);
        checks = new PackChecks(
            store, this.repository, hasher, settings.PagesPerChunk, damage, options.WorkerCount, IsYetToComeAsync);
    }

    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<VerificationReport> RunAsync(
        IProgress<VerificationProgress> progress, CancellationToken token)
    {
        await CheckSettingsAsync(token);
        await OpenRotationAsync(token);
        HashSet<SessionId> ended = keeper is null ? [] : await EndedSessions.ReadAsync(
            whole, [FileNames.ChunkPackFolder, FileNames.MapPackFolder], token);
        await points.RunAsync(token);
        await CheckPinsAsync(token);
        bool isKnown = await CheckCollectionsAsync(token);
        await (isKnown ? points.FindLostParentsAsync(token) : Task.CompletedTask);
        await (keeper is null
            ? Task.CompletedTask
            : new SmallFilesCheck(store, repository, damage).RunAsync(token));
        IReadOnlyCollection<PackName> packs = options.Points.Count == 0
            ? await listing.ListAsync(name => damage.Add(name.Path, 0, "no pack has such a name"), token)
            : await ListPacksNeededAsync(token);
        await checks.RunAsync(packs, _ => keeper is null && IsChosen(), progress, token);
        await (keeper is null ? Task.CompletedTask : ReadInRotationAsync(keeper, packs, ended, progress, token));
        AddKnown(packs);
        await ProveRecipesAsync(packs, token);
        await CheckParityAsync(progress, token);
        await CheckChunksAsync(progress, token);
        IReadOnlyList<Damage> found = await WithoutDeletedAsync(damage.ToList(), token);
        await WarnOfMissingAsync(found, token);
        return new VerificationReport(
            found, points.Good.Count, checks.PackCount, checks.RecordCount, checks.BytesRead + parity.BytesRead)
        {
            RotationShare = keeper is null ? null : (double)doneShare / VerifiedNote.WholeShare,
            Places = await FoundPlaces.OfAsync(damage, footers.Tables, token),
            Hinted = hinted,
        };
    }

    /// <summary>Keeps what was read for the runs to come.</summary>
    /// <param name="isTold">Whether the run went to its end, and its report is what is told.</param>
    public Task EndAsync(bool isTold) => keeper?.EndAsync(isTold) ?? Task.CompletedTask;

    /// <summary>What is known to be damaged is so for whoever needs it, read or not. Where points are named, what lies
    /// in other packs is told only if it costs them anything.</summary>
    private void AddKnown(IReadOnlyCollection<PackName> packs)
    {
        HashSet<PackName> checkedPacks = [.. packs];
        foreach (DamagedPlace place in known.Where(place => !place.Place.IsUnknown))
        {
            if (!place.IsFile)
            {
                damage.AddBadRecord(place.BlobName, place.OffsetBytes);
            }

            if (checkedPacks.Contains(place.Pack))
            {
                damage.Add(
                    place.BlobName, place.OffsetBytes,
                    place.IsFile ? "the header or the footer is damaged" : $"record {place.Id} is damaged");
            }
        }
    }

    /// <summary>No point needs parity as long as nothing else breaks.</summary>
    private async Task CheckParityAsync(IProgress<VerificationProgress> progress, CancellationToken token)
    {
        if (options.Points.Count > 0)
        {
            return;
        }

        List<PackName> files = await new ParityFiles(store, repository).ListAsync(
            name => damage.Add(name.Path, 0, "no parity file has such a name"), token);
        for (int done = 0; done < files.Count; done++)
        {
            progress.Report(new VerificationProgress("parity", done, files.Count, checks.BytesRead + parity.BytesRead));
            await parity.RunAsync(
                files[done], IsChosen(), (offsetBytes, what) => damage.Add(files[done].BlobName, offsetBytes, what),
                token);
        }

        TellForeign(parity.Changed.Select(pack => (pack, "its parity knows another length")));
    }

    /// <summary>A pack that is missing and that points need is damage. One that nothing but parity names is none, but
    /// what it was made with has less to be healed by.</summary>
    private async Task WarnOfMissingAsync(IReadOnlyList<Damage> found, CancellationToken token)
    {
        HashSet<PackName> missing = [.. parity.Missing.Keys.Where(pack => !absent.Contains(pack)
            && !found.Any(one => one.File == pack.BlobName))];
        missing.ExceptWith(await collections.FindCollectedAsync(missing, token));
        foreach (PackName pack in missing)
        {
            environment.Warn(
                $"Pack {pack} is missing. No restore point needs it, but parity file {parity.Missing[pack]} heals less "
                + "without it; 'protect' makes new parity for the packs beside it.");
        }
    }

    /// <summary>What a collection deletes may go at any moment: it is no damage that it is gone.</summary>
    private async Task<IReadOnlyList<Damage>> WithoutDeletedAsync(
        IReadOnlyList<Damage> found, CancellationToken token)
    {
        List<Damage> kept = [];
        foreach (Damage one in found)
        {
            string name = one.File.StartsWith(FileNames.MirrorFolder, StringComparison.Ordinal)
                ? one.File[FileNames.MirrorFolder.Length..]
                : one.File;
            bool isDeleted = one.Points.Count == 0
                && PackName.TryParse(name, out PackName pack) && absent.Contains(pack)
                && await store.TryGetLengthAsync(new BlobName(one.File), token) is null;
            if (!isDeleted)
            {
                kept.Add(one);
            }
        }

        return kept;
    }

    /// <returns>Whether all that collections deleted is known.</returns>
    private async Task<bool> CheckCollectionsAsync(CancellationToken token)
    {
        bool isKnown = true;
        long highest = await collections.ReadHighestAsync(token);
        for (long number = 1; number <= highest; number++)
        {
            foreach ((string name, string fault) in
                await collections.FindFaultsAsync(number, isDecided: number < highest, token))
            {
                damage.Add(name, 0, fault);
                isKnown = false;
            }
        }

        return isKnown;
    }

    private async Task CheckSettingsAsync(CancellationToken token)
    {
        SettingsFile files = new(store);
        foreach (string name in SettingsFile.Names)
        {
            if (await files.FindFaultAsync(name, repository, settings, token) is string fault)
            {
                damage.Add(name, 0, fault);
            }
        }
    }

    private async Task CheckPinsAsync(CancellationToken token)
    {
        foreach (StoredPin pin in await new PinFiles(store, repository).ReadAllAsync(token))
        {
            if (pin.Pin is null && (options.Points.Count == 0 || options.Points.Any(pin.Holds)))
            {
                damage.Add(pin.Name, 0, "the pin cannot be read; it holds until 'pin --remove --force'");
            }
        }
    }

    /// <summary>Packs that exist and hold what the points need, be it where the maps say or elsewhere.</summary>
    private async Task<HashSet<PackName>> ListPacksNeededAsync(CancellationToken token)
    {
        PackNeeds needs = new(footers);
        await maps.RunAsync(
            () =>
            {
                needs = new PackNeeds(footers);
                return new PointWalks(maps.Reader, hasher, new DamageLog()).WalkAsync(points.Good, needs, token);
            },
            token);
        await needs.FindMissingAsync(listing, token);
        HashSet<PackName> needed = await listing.ListAsync(_ => { }, token);
        needed.IntersectWith(needs.Packs);
        return needed;
    }

    /// <summary>Points that are named have packs of their own, which are no turn of all.</summary>
    private async Task OpenRotationAsync(CancellationToken token)
    {
        if (options.Points.Count > 0)
        {
            return;
        }

        keeper = await RotationKeeper.OpenAsync(store, repository, environment, token);
        foreach (StoredNote note in keeper.Damaged)
        {
            damage.Add(note.Name, 0, $"{note.Complaint}; what it said was verified is not known any more");
        }
    }

    private async Task ReadInRotationAsync(
        RotationKeeper keeping, IEnumerable<PackName> packs, HashSet<SessionId> ended,
        IProgress<VerificationProgress> progress, CancellationToken token)
    {
        keeping.See(packs.Select(pack => pack.Session).Where(ended.Contains).ToHashSet());
        doneShare = keeping.Known.DoneShare;
        if (options.ReadDataPercent > 0)
        {
            RotationPlan plan = new(keeping.Known, checks.ChunkPacks, options.ReadDataPercent);
            await checks.ReadDataAsync(plan, keeping, progress, token);
            doneShare = plan.After(plan.Count).DoneShare;
        }
    }

    /// <summary>A session that has published no point may be between its packs' copies, or have ended there: nobody
    /// relies on them. Not so where its point was collected since.</summary>
    private async Task<bool> IsYetToComeAsync(PackName pack, CancellationToken token)
    {
        if (options.Points.Count > 0
            || points.Published.Contains(pack.Session)
            || await store.TryGetLengthAsync(new BlobName(pack.MirrorBlobName), token) is not null)
        {
            return false;
        }

        bool isAtWork =
            await store.TryGetLengthAsync(new BlobName(FileNames.Lease(pack.Session)), token) is not null;
        return isAtWork
            || (await collections.FindCollectedAsync(new HashSet<SessionId> { pack.Session }, token)).Count == 0;
    }

    private bool IsChosen()
    {
        const double All = 100;
        Span<byte> random = stackalloc byte[sizeof(uint)];
        environment.Randomness(random);
        return options.ReadDataPercent > 0
            && BitConverter.ToUInt32(random) <= uint.MaxValue * (options.ReadDataPercent / All);
    }

    private async Task ProveRecipesAsync(IReadOnlyCollection<PackName> packs, CancellationToken token)
    {
        RecipeProof proof = new(footers, damage, hasher);
        IEnumerable<PackName> chunkPacks = packs.Where(pack => pack.Kind == PackKind.Chunks);
        await Parallel.ForEachAsync(chunkPacks, SideBySide(token), proof.RunAsync);
        await proof.RunLeftAsync(listing, token);
    }

    private ParallelOptions SideBySide(CancellationToken token) => new()
    {
        MaxDegreeOfParallelism = options.WorkerCount,
        CancellationToken = token,
    };

    /// <summary>Walks every map once; only where something is missing again, to say which points and ranges it
    /// touches.</summary>
    private async Task CheckChunksAsync(IProgress<VerificationProgress> progress, CancellationToken token)
    {
        progress.Report(new VerificationProgress("maps", 0, points.Good.Count, checks.BytesRead));
        (PointWalk walk, DamageLog losses) = (new(footers.Tables, damage, damage), damage);
        await maps.RunAsync(
            () =>
            {
                losses = new DamageLog();
                walk = new PointWalk(footers.Tables, damage, losses);
                return new PointWalks(maps.Reader, hasher, losses).WalkAsync(points.Good, walk, token);
            },
            token);
        damage.AddLosses(losses);
        hinted = walk.Hinted;
        TellForeign(hinted.Foreign.Select(
            place => (place.Pack, $"nothing lies there that maps say, as at {place.OffsetBytes}")));
        GatheredCopies copies = new(listing, maps.Reader.Finder);
        CopySearch search = new(listing, footers, copies, hasher, damage, settings.ChunkSizeBytes);
        Dictionary<ChunkId, List<Fault>> lost = await search.RunAsync(walk.Missing, token);
        lost.Keys.ToList().ForEach(id => damage.AddLost(RecordType.Whole, id.Value));
        if (lost.Count == 0 && !walk.HasLostNode)
        {
            return;
        }

        LossSearch loss = new(maps.Reader, lost, damage, new PointWalk(footers.Tables, damage, damage));
        await loss.RunAsync(points.Good, token);
    }

    /// <summary>Of a pack that lost its header or footer, that is told.</summary>
    private void TellForeign(IEnumerable<(PackName Pack, string Why)> foreign)
    {
        HashSet<string> told = [.. damage.BadFrames.Select(frame => frame.File)];
        foreach ((PackName pack, string why) in foreign.Where(one => !told.Contains(one.Pack.BlobName)))
        {
            damage.Add(pack.BlobName, 0, $"the pack is sound, and another than the one of this name: {why}");
        }
    }
}
