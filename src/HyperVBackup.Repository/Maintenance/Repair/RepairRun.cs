using HyperVBackup.Format;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>
/// The steps of a repair: find what is damaged; mend what is known byte for byte; find the rest in one source after
/// another and store it anew; look again, and once more from the start as long as something was healed: a footer is
/// made of records that were mended, a list of maps that another repository gave. Each step may be the last one: what
/// was mended is mended, what was published serves, and the next repair finds the rest. Used once.
/// </summary>
internal sealed class RepairRun
{
    /// <summary>Enough for whatever hangs on each other; more would only be read again.</summary>
    private const int RoundCountMax = 8;
    private readonly BackupRepository repository;
    private readonly RepairOptions options;
    private readonly AbsentSet absent;
    private readonly NewCopies copies;
    private readonly Func<VerificationOptions, IReadOnlyCollection<DamagedPlace>, Task<VerificationRun>>
        newVerification;
    private readonly IProgress<RepairProgress> progress;
    private readonly Mending mending;
    private readonly PlaceCheck check;
    private readonly ParityRepair parity;
    private readonly FrameHealing frames;
    private readonly HashSet<HealedPlace> healed = [];
    private readonly HashSet<DamagedPlace> settled = [];
    private long bytesRead;

    public RepairRun(
        BackupRepository repository, RepairOptions options, AbsentSet absent, NewCopies copies,
        Func<VerificationOptions, IReadOnlyCollection<DamagedPlace>, Task<VerificationRun>> newVerification,
        IProgress<RepairProgress> progress)
    {
        (this.repository, this.options, this.absent, this.copies) = (repository, options, absent, copies);
        (this.newVerification, this.progress) = (newVerification, progress);
        (mending, check) = (new Mending(repository.Store, repository.Warn), new PlaceCheck(repository));
        parity = new ParityRepair(repository, absent, copies, Tell, progress);
        frames = new FrameHealing(repository, absent, mending, copies, Tell);
    }

    public async Task<RepairReport> RunAsync(CancellationToken token)
    {
        KnownDamage noted = await KnownDamage.ReadAsync(repository, token);
        VerificationReport first = await CheckAsync(noted.Places, options.ReadData, token);
        if (first.Damage.Count + first.Places.Count == 0)
        {
            await new DamageNotes(repository).ReviewAsync([], isWhole: true, options.ReadData, [], token);
            return new RepairReport([], [], [], bytesRead, 0);
        }

        await new DamageNotes(repository).AddAsync(first.Places, token);
        VerificationReport found = first;
        for (int round = 1; ; round++)
        {
            int healedBefore = healed.Count;
            await HealAsync(found, noted, token);
            VerificationReport after = await LookAgainAsync(found, noted, token);
            (noted, List<Damage> left) = await ReviewAsync(first, after, noted, token);
            if (left.Count == 0 || healed.Count == healedBefore || round == RoundCountMax)
            {
                return await ReportAsync(after, left, token);
            }

            found = after;
        }
    }

    private async Task HealAsync(VerificationReport found, KnownDamage noted, CancellationToken token)
    {
        await MendFilesAsync(found, token);
        List<DamagedPlace> places = Unsettled(found.Places, noted);
        List<DamagedPlace> files = await frames.MendAsync(places, found.Hinted, token);
        places = await parity.RunAsync(
            DamageNote.Sort(
                [.. places.Where(place => !place.IsFile), .. frames.Discovered.Except(settled), .. files]),
            found.Damage.Select(damage => damage.File), token);
        await frames.SalvageAsync(
            files.Where(frame => !parity.IsCopied(frame.BlobName)), found.Hinted, parity.Knows, token);
        await new MapHealing(repository, options.Others, absent, mending, copies, Tell, progress)
            .RunAsync(places, token);
        await new ChunkHealing(repository, options, absent, mending, copies, Tell, progress)
            .RunAsync(await check.FindBadAsync(places, token), token);
        await copies.PublishAsync(token);
    }

    /// <summary>What an earlier repair settled is not stored once more, unless it is lost since.</summary>
    private List<DamagedPlace> Unsettled(IReadOnlyList<DamagedPlace> places, KnownDamage noted)
    {
        HashSet<Digest> lost = LostOf(places);
        settled.UnionWith(noted.Places
            .Where(place => place.State == DamageState.Replaced && !lost.Contains(place.Id))
            .Select(DamageNotes.Unstated));
        settled.RemoveWhere(place => lost.Contains(place.Id));
        return [.. places.Where(place => !settled.Contains(place))];
    }

    private async Task<VerificationReport> CheckAsync(
        IEnumerable<DamagedPlace> known, bool readData, CancellationToken token)
    {
        List<DamagedPlace> bad = await check.FindBadAsync(known, token);
        VerificationOptions how = new()
        {
            ReadDataPercent = readData ? 100 : 0,
            WorkerCount = options.WorkerCount,
        };
        VerificationRun run = await newVerification(how, bad);
        VerificationReport report = await run.RunAsync(
            new Told(at => progress.Report(new RepairProgress(
                "check " + at.Stage, at.DoneCount, at.TotalCount, at.ReadBytes))),
            token);
        bytesRead += report.BytesRead;
        return report with { Places = DamageNote.Sort(report.Places.Concat(bad).Select(DamageNotes.Unstated)) };
    }

    private async Task MendFilesAsync(VerificationReport found, CancellationToken token)
    {
        List<Damage> missing = [];
        foreach (Damage damage in found.Damage)
        {
            bool isThere = await repository.Store.TryGetLengthAsync(new BlobName(damage.File), token) is not null;
            missing.AddRange(isThere ? [] : [damage]);
        }

        await repository.PutMissingCopiesAsync(absent, token);
        foreach (Damage damage in missing)
        {
            if (await repository.Store.TryGetLengthAsync(new BlobName(damage.File), token) is not null)
            {
                Tell(new HealedPlace(damage.File, 0, damage.What, "its other copy", IsMended: false));
            }
        }

        SmallFileMending files = new(repository.Store, repository.Id, mending);
        foreach (Damage damage in found.Damage.DistinctBy(damage => damage.File))
        {
            if (await files.TryMendAsync(damage.File, token))
            {
                Tell(new HealedPlace(damage.File, 0, damage.What, "its other copy", IsMended: true));
            }
        }
    }

    /// <summary>Looks at everything once more by the ordinary ways of reading.</summary>
    private Task<VerificationReport> LookAgainAsync(
        VerificationReport before, KnownDamage noted, CancellationToken token)
    {
        List<DamagedPlace> known = DamageNote.Sort(
            before.Places.Concat(noted.Places).Concat(frames.Discovered).Where(place => place.Pack != default)
                .Select(DamageNotes.Unstated));
        return CheckAsync(known, readData: false, token);
    }

    /// <summary>Makes the notes say what is left.</summary>
    private async Task<(KnownDamage Noted, List<Damage> Left)> ReviewAsync(
        VerificationReport first, VerificationReport after, KnownDamage before, CancellationToken token)
    {
        HashSet<Digest> lost = LostOf(after.Places);
        HashSet<(string, long)> missed =
            [.. after.Damage.Where(damage => damage.Points.Count > 0)
                .Select(damage => (damage.File, damage.OffsetBytes))];
        List<DamagedPlace> replaced = [.. after.Places.Where(place =>
            place.Pack != default && !lost.Contains(place.Id) && !missed.Contains((place.BlobName, place.OffsetBytes))
            && (!place.IsFile || IsSalvaged(place)))];
        HashSet<(string, long)> unneeded = [.. replaced.Select(place => (place.BlobName, (long)place.OffsetBytes))];
        KnownDamage noted = await new DamageNotes(repository).ReviewAsync(
            after.Places, isWhole: true, options.ReadData, replaced, token);
        HashSet<string> dropped = TellNotesTakenAway(before);
        List<Damage> left = [.. after.Damage
            .Where(damage => damage.Points.Count > 0 || !unneeded.Contains((damage.File, damage.OffsetBytes)))
            .Where(damage => !dropped.Contains(damage.File))
            .Concat(first.Damage.Where(damage => parity.IsLeft(damage.File)))
            .DistinctBy(damage => (damage.File, damage.OffsetBytes, damage.What))];
        return (noted, left);
    }

    /// <summary>Once all was read, notes that are damaged are gone.</summary>
    private HashSet<string> TellNotesTakenAway(KnownDamage before)
    {
        HashSet<string> names = options.ReadData
            ? [.. before.Unread.Where(note => !note.IsKept).Select(note => note.Name)]
            : [];
        foreach (string name in names)
        {
            Tell(new HealedPlace(
                name, 0, "what a damage note may have said that cannot be read", "a reading of all packs",
                IsMended: false));
        }

        return names;
    }

    private async Task<RepairReport> ReportAsync(
        VerificationReport after, List<Damage> left, CancellationToken token)
    {
        GatheredMaps maps = new(repository, repository.NewTables(absent));
        List<TouchedDisk> touched = await new LossSearch(maps, await repository.ListPointsAsync(token))
            .MeasureAsync(LostOf(after.Places), token);
        return new RepairReport(
            [.. healed.OrderBy(place => place.File, StringComparer.Ordinal).ThenBy(place => place.OffsetBytes)],
            left, touched, bytesRead + parity.ReadBytes,
            mending.BytesWritten + copies.BytesWritten + parity.MendedBytes);
    }

    private static HashSet<Digest> LostOf(IEnumerable<DamagedPlace> places) =>
        [.. places.Where(place => place.Pack == default).Select(place => place.Id)];

    private void Tell(HealedPlace place) => healed.Add(place);

    private bool IsSalvaged(DamagedPlace frame) =>
        settled.Contains(frame) || frames.IsSalvaged(frame.BlobName)
        || healed.Any(place => place.File == frame.BlobName && !place.IsMended);

    private sealed class Told(Action<VerificationProgress> tell) : IProgress<VerificationProgress>
    {
        public void Report(VerificationProgress value) => tell(value);
    }
}
