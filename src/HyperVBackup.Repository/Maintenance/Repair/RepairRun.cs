using HyperVBackup.Format;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>
/// The steps of a repair: find what is damaged; mend what is known byte for byte; find the rest in one source after
/// another and store it anew; look again. Each step may be the last one: what was mended is mended, what was published
/// serves, and the next repair finds the rest. Used once.
/// </summary>
internal sealed class RepairRun
{
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
    private readonly List<HealedPlace> healed = [];
    private readonly HashSet<Digest> gone = [];
    private readonly HashSet<DamagedPlace> settled = [];

    /// <summary>Damaged records of packs that could only be opened once they were mended.</summary>
    private readonly List<DamagedPlace> discovered = [];
    private long bytesRead;

    public RepairRun(
        BackupRepository repository, RepairOptions options, AbsentSet absent, NewCopies copies,
        Func<VerificationOptions, IReadOnlyCollection<DamagedPlace>, Task<VerificationRun>> newVerification,
        IProgress<RepairProgress> progress)
    {
        (this.repository, this.options, this.absent, this.copies) = (repository, options, absent, copies);
        (this.newVerification, this.progress) = (newVerification, progress);
        (mending, check) = (new Mending(repository.Store, repository.Warn), new PlaceCheck(repository));
        parity = new ParityRepair(repository, absent, copies, healed.Add, progress);
    }

    public async Task<RepairReport> RunAsync(CancellationToken token)
    {
        KnownDamage noted = await KnownDamage.ReadAsync(repository, token);
        VerificationReport found = await CheckAsync(noted.Places, options.ReadData, token);
        if (found.Damage.Count + found.Places.Count == 0)
        {
            await new DamageNotes(repository).ReviewAsync([], isWhole: true, [], token);
            return new RepairReport([], [], [], bytesRead, 0);
        }

        await new DamageNotes(repository).AddAsync(found.Places, token);
        await MendFilesAsync(found, token);
        List<DamagedPlace> places = Unsettled(found.Places, noted);
        List<DamagedPlace> frames = await MendFramesAsync(places, token);
        places = await parity.RunAsync(
            DamageNote.Sort(places.Where(place => !place.IsFile).Concat(discovered).Concat(frames)),
            found.Damage.Select(damage => damage.File), token);
        await SalvageAsync(frames, token);
        await HealMapsAsync(places, token);
        await HealChunksAsync(await BadAsync(places, token), token);
        await copies.PublishAsync(token);
        return await ConcludeAsync(found, noted, token);
    }

    /// <summary>What an earlier repair settled is not stored once more, unless it is lost since.</summary>
    private List<DamagedPlace> Unsettled(IReadOnlyList<DamagedPlace> places, KnownDamage noted)
    {
        HashSet<Digest> lost = [.. places.Where(place => place.Pack == default).Select(place => place.Id)];
        settled.UnionWith(noted.Places
            .Where(place => place.State == DamageState.Replaced && !lost.Contains(place.Id))
            .Select(DamageNotes.Unstated));
        return [.. places.Where(place => !settled.Contains(place))];
    }

    private async Task<VerificationReport> CheckAsync(
        IEnumerable<DamagedPlace> known, bool readData, CancellationToken token)
    {
        List<DamagedPlace> bad = await BadAsync(known, token);
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

    /// <summary>Those whose file is there, and that are not good now.</summary>
    private async Task<List<DamagedPlace>> BadAsync(IEnumerable<DamagedPlace> places, CancellationToken token)
    {
        List<DamagedPlace> bad = [];
        foreach (DamagedPlace place in places)
        {
            if (place.Pack == default
                || (await check.ExistsAsync(place, token) && !await check.IsGoodAsync(place, token)))
            {
                bad.Add(place);
            }
        }

        return bad;
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
                healed.Add(new HealedPlace(damage.File, 0, damage.What, "its other copy", IsMended: false));
            }
        }

        SmallFileMending files = new(repository.Store, repository.Id, mending);
        foreach (Damage damage in found.Damage.DistinctBy(damage => damage.File))
        {
            if (await files.TryMendAsync(damage.File, token))
            {
                healed.Add(new HealedPlace(damage.File, 0, damage.What, "its other copy", IsMended: true));
            }
        }
    }

    /// <summary>Mends headers and footers, and looks again at the packs of which only now records are known.</summary>
    /// <returns>Those that could not be mended.</returns>
    private async Task<List<DamagedPlace>> MendFramesAsync(
        IReadOnlyList<DamagedPlace> places, CancellationToken token)
    {
        FrameMending frames = new(repository, mending);
        List<DamagedPlace> left = [];
        foreach (DamagedPlace frame in places.Where(place => place.IsFile).DistinctBy(place => place.BlobName))
        {
            token.ThrowIfCancellationRequested();
            if (await frames.TryMendAsync(frame, token) is string from)
            {
                healed.Add(new HealedPlace(
                    frame.BlobName, frame.OffsetBytes, "header or footer", from, IsMended: true));
                discovered.AddRange(await RecordsOfAsync(frame, token));
            }
            else
            {
                left.Add(frame);
            }
        }

        return left;
    }

    private async Task SalvageAsync(IEnumerable<DamagedPlace> frames, CancellationToken token)
    {
        foreach (DamagedPlace frame in frames.Where(frame => !parity.IsCopied(frame.BlobName)))
        {
            if (!await check.IsGoodAsync(frame, token))
            {
                await SalvageAsync(frame, token);
            }
        }
    }

    private async Task<List<DamagedPlace>> RecordsOfAsync(DamagedPlace frame, CancellationToken token)
    {
        PackFile? file = await PackFile.TryOpenAsync(
            repository.Store, repository.Id, frame.Pack, frame.BlobName, token);
        IEnumerable<DamagedPlace> records = Enumerable.Range(0, file?.Table.Count ?? 0)
            .Select(index => file!.Table[index])
            .Select(entry => DamagedPlace.OfRecord(
                new RecordPlace(frame.Pack, entry.OffsetBytes, entry.LengthBytes), entry.Type, entry.Id,
                frame.IsSecondCopy));
        return await BadAsync(records, token);
    }

    /// <summary>Of a pack whose frame cannot be mended, nobody but readers who know the places finds anything: what is
    /// left of it is copied. Of a map pack also where one copy is gone: both must not hang on one file.</summary>
    private async Task SalvageAsync(DamagedPlace frame, CancellationToken token)
    {
        string from = frame.Pack.Kind == PackKind.Maps && !await check.ExistsAsync(frame, token)
            ? (frame with { IsSecondCopy = !frame.IsSecondCopy }).BlobName
            : frame.BlobName;
        PackScan scan = new(repository.Store, check, frame.Pack, from);
        int count = 0;
        await foreach ((PackEntry entry, byte[] bytes) in scan.ReadAsync(token))
        {
            await copies.AddRecordAsync(entry, bytes, token);
            count++;
        }

        if (count > 0)
        {
            healed.Add(new HealedPlace(
                frame.BlobName, frame.OffsetBytes, $"{count} records of a file that cannot be mended", from,
                IsMended: false));
        }
    }

    private async Task HealMapsAsync(IReadOnlyList<DamagedPlace> places, CancellationToken token)
    {
        PackTables tables = repository.NewTables(absent);
        RecordHealing healing = new(repository, tables, mending, copies, healed.Add);
        List<DamagedPlace> left = [];
        foreach (DamagedPlace place in places.Where(IsMap))
        {
            bool isMended = await healing.TryMendFromPackAsync(place, token);
            _ = isMended && gone.Add(place.Id);
            left.AddRange(isMended ? [] : [place]);
        }

        ILookup<Digest, DamagedPlace> wanted = left.Where(place => !gone.Contains(place.Id))
            .ToLookup(place => place.Id);
        RecordReader records = new(repository.Store, repository.Hasher, tables);
        HashSet<Digest> lost = [];
        foreach (IGrouping<Digest, DamagedPlace> of in wanted)
        {
            if (!await records.IsReadableAsync(of.First().Type, of.Key, Memory<byte>.Empty, token))
            {
                lost.Add(of.Key);
            }
        }

        await RebuildAsync(healing, records, lost, wanted, token);
        foreach (BackupRepository other in options.Others)
        {
            await TakeMapsAsync(healing, other, lost, wanted, token);
        }
    }

    private async Task RebuildAsync(
        RecordHealing healing, RecordReader records, HashSet<Digest> lost, ILookup<Digest, DamagedPlace> wanted,
        CancellationToken token)
    {
        if (lost.Count == 0)
        {
            return;
        }

        progress.Report(new RepairProgress("rebuild maps", 0, lost.Count, 0));
        List<RestorePoint> points = await repository.ListPointsAsync(token);
        await new MapRebuild(repository, records, points).RunAsync(
            lost,
            async (type, id, plain, from) =>
            {
                await healing.TakeMapAsync(type, id, plain, from, [.. wanted[id]], token);
            },
            token);
        lost.RemoveWhere(copies.Has);
    }

    private static async Task TakeMapsAsync(
        RecordHealing healing, BackupRepository other, HashSet<Digest> lost, ILookup<Digest, DamagedPlace> wanted,
        CancellationToken token)
    {
        foreach (Digest id in lost.ToArray())
        {
            DamagedPlace place = wanted[id].First();
            if (await other.Records.TryReadPlainAsync(place.Type, id, token) is byte[] plain)
            {
                await healing.TakeMapAsync(
                    place.Type, id, plain, $"the repository in '{other.Store.Description}'", [.. wanted[id]], token);
                lost.Remove(id);
            }
        }
    }

    private async Task HealChunksAsync(IReadOnlyList<DamagedPlace> places, CancellationToken token)
    {
        PackTables tables = repository.NewTables(absent);
        RecordHealing healing = new(repository, tables, mending, copies, healed.Add);
        List<DamagedPlace> left = [];
        foreach (DamagedPlace place in places.Where(place => !IsMap(place)))
        {
            token.ThrowIfCancellationRequested();
            bool isMended = !place.Place.IsUnknown && (await healing.TryMendFromPackAsync(place, token)
                || await healing.TryMendFromCopiesAsync(place, token));
            left.AddRange(isMended ? [] : [place]);
        }

        ILookup<Digest, DamagedPlace> wanted = left.ToLookup(place => place.Id);
        HashSet<Digest> open = [.. wanted.Select(of => of.Key)];
        await HarvestAsync(repository, absent, "other copies", healing, open, wanted, token);
        foreach (BackupRepository other in options.Others)
        {
            string from = $"the repository in '{other.Store.Description}'";
            await HarvestAsync(other, AbsentSet.None, from, healing, open, wanted, token);
        }

        await SearchDisksAsync(healing, open, wanted, token);
    }

    private async Task HarvestAsync(
        BackupRepository from, AbsentSet missing, string words, RecordHealing healing, HashSet<Digest> open,
        ILookup<Digest, DamagedPlace> wanted, CancellationToken token)
    {
        if (open.Count == 0)
        {
            return;
        }

        long done = 0;
        long total = open.Count;
        await new ChunkHarvest(from, missing).RunAsync(
            [.. open],
            async (id, chunk) =>
            {
                await healing.TakeChunkAsync(id, chunk, words, [.. wanted[id]], token);
                open.Remove(id);
                progress.Report(new RepairProgress("find chunks", ++done, total, done * chunk.Length));
            },
            token);
    }

    private async Task SearchDisksAsync(
        RecordHealing healing, HashSet<Digest> open, ILookup<Digest, DamagedPlace> wanted, CancellationToken token)
    {
        if (open.Count == 0 || options.LiveDisks is not { } disks)
        {
            return;
        }

        List<RestorePoint> points = await repository.ListPointsAsync(token);
        RecordReader records = new(repository.Store, repository.Hasher, repository.NewTables(absent));
        List<WantedChunk> chunks = await new LossSearch(records, points).FindAsync(open, token);
        await disks.FindAsync(
            chunks, repository.Hasher,
            async (id, chunk) =>
            {
                await healing.TakeChunkAsync(
                    id.Value, chunk, $"the disk {disks.Description}", [.. wanted[id.Value]], token);
                open.Remove(id.Value);
            },
            readBytes => progress.Report(new RepairProgress("read disks", 0, 0, readBytes)),
            token);
    }

    /// <summary>Looks at everything once more by the ordinary ways of reading, and says what is left.</summary>
    private async Task<RepairReport> ConcludeAsync(
        VerificationReport before, KnownDamage noted, CancellationToken token)
    {
        List<DamagedPlace> known = DamageNote.Sort(
            before.Places.Concat(noted.Places).Concat(discovered).Where(place => place.Pack != default)
                .Select(DamageNotes.Unstated));
        VerificationReport after = await CheckAsync(known, readData: false, token);
        HashSet<Digest> lost =
            [.. after.Places.Where(place => place.Pack == default).Select(place => place.Id)];
        HashSet<(string, long)> missed =
            [.. after.Damage.Where(damage => damage.Points.Count > 0)
                .Select(damage => (damage.File, damage.OffsetBytes))];
        List<DamagedPlace> replaced = [.. after.Places.Where(place =>
            place.Pack != default && !lost.Contains(place.Id) && !missed.Contains((place.BlobName, place.OffsetBytes))
            && (!place.IsFile || IsSalvaged(place)))];
        HashSet<(string, long)> unneeded = [.. replaced.Select(place => (place.BlobName, (long)place.OffsetBytes))];
        await new DamageNotes(repository).ReviewAsync(after.Places, isWhole: true, replaced, token);
        List<Damage> left = [.. after.Damage
            .Where(damage => damage.Points.Count > 0 || !unneeded.Contains((damage.File, damage.OffsetBytes)))
            .Concat(before.Damage.Where(damage => parity.IsLeft(damage.File)))
            .DistinctBy(damage => (damage.File, damage.OffsetBytes, damage.What))];
        RecordReader records = new(repository.Store, repository.Hasher, repository.NewTables(absent));
        List<TouchedDisk> touched = await new LossSearch(records, await repository.ListPointsAsync(token))
            .MeasureAsync(lost, token);
        return new RepairReport(
            [.. healed.OrderBy(place => place.File, StringComparer.Ordinal).ThenBy(place => place.OffsetBytes)],
            left, touched, bytesRead + parity.ReadBytes,
            mending.BytesWritten + copies.BytesWritten + parity.MendedBytes);
    }

    private bool IsSalvaged(DamagedPlace frame) =>
        settled.Contains(frame) || healed.Exists(place => place.File == frame.BlobName && !place.IsMended);

    private static bool IsMap(DamagedPlace place) => place.Type is RecordType.Node or RecordType.List;

    private sealed class Told(Action<VerificationProgress> tell) : IProgress<VerificationProgress>
    {
        public void Report(VerificationProgress value) => tell(value);
    }
}
