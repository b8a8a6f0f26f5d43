using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Testing.Stores;

namespace HyperVBackup.Simulation.Trackers;

/// <summary>
/// One machine's backups with trackers that misbehave, held against what its disks were at each point's moment. A point
/// may differ from that only in chunks that its own tracker left out, or that of a point it follows, and that nothing
/// has read since; and then it holds what its parent does. The backup that reads such a chunk as unchanged says so.
/// </summary>
internal sealed class TrackerHistory(int seed, TrackerFigures figures)
{
    private const int Chunk = Bench.ChunkSizeBytes;

    private readonly Random random = new(seed);
    private readonly MemoryStore store = new();
    private readonly List<Machine> machines = [];
    private readonly Dictionary<Machine, List<string>> idsGiven = [];
    private readonly Dictionary<(SessionId Point, string Disk), KnownDisk> known = [];
    private readonly List<string> log = [];
    private Bench bench = null!;
    private int stateCount;

    public async Task RunAsync(int stepCount)
    {
        for (int number = random.Next(1, 4); number > 0; number--)
        {
            Machine machine = new(random, $"disk-{number}", random.Next(2) == 0 ? null : $"id-{number}");
            machines.Add(machine);
            idsGiven[machine] = [];
        }

        bench = await Bench.MakeAsync(store, seed);
        for (int step = 0; step < stepCount; step++)
        {
            await StepAsync(random.Next(20));
        }

        await CheckAgainAsync();
    }

    private Task StepAsync(int kind)
    {
        Machine one = machines[random.Next(machines.Count)];
        switch (kind)
        {
            case 0:
                log.Add("resize");
                one.Resize();
                return Task.CompletedTask;
            case 1:
                log.Add("migrate");
                one.Forget();
                return Task.CompletedTask;
            case 2 when one.Disk.Identity is not null:
                log.Add("replace");
                one.Replace($"id-{stateCount}-{one.Name}");
                return Task.CompletedTask;
            case 3 or 4 or 5:
                return PruneAsync();
            default:
                machines.ForEach(machine => machine.Scribble(random.Next(4)));
                return BackupAsync();
        }
    }

    private async Task BackupAsync()
    {
        List<RestorePoint> before = await bench.Repository.ListShownPointsAsync();
        List<LyingSource> sources =
            [.. machines.Where(_ => random.Next(5) > 0).DefaultIfEmpty(machines[0]).Select(NewSource)];
        SwapIds(sources);
        bench.AuditPercent = random.Next(3) switch { 0 => null, 1 => 0, _ => random.Next(101) };
        IReadOnlyList<string> warnings = [];
        string outcome;
        try
        {
            BackupReport report = await bench.BackupAsync(
                [.. sources.Select(source =>
                    new DiskRequest(source.Machine.Name, source) { MayGainIdentity = true })]);
            warnings = report.Warnings;
            outcome = string.Join(", ", report.Point.Disks.Select(disk => $"{disk.Kind} {disk.LostReason}"));
        }
        catch (DiskImageException failure)
        {
            outcome = failure.Message;
        }

        log.Add($"backup of {string.Join("; ", sources.Select(source => source.Description))}: {outcome}");
        await CheckAsync(before, sources, warnings);
    }

    private LyingSource NewSource(Machine machine)
    {
        Misbehaviour misbehaviour = random.Next(3) == 0
            ? (random.Next(2) == 0 ? Misbehaviour.UnderReportsOneChunk : Misbehaviour.None)
            : Enum.GetValues<Misbehaviour>()[random.Next(Enum.GetValues<Misbehaviour>().Length)];
        string id = $"s{stateCount++}";
        List<string> ids = idsGiven[machine];
        string? since = random.Next(16) switch
        {
            0 => null,
            1 => "never",
            2 when ids.Count > 0 => ids[random.Next(ids.Count)],
            _ => ids.Count > 0 ? ids[^1] : null,
        };
        return new LyingSource(machine, misbehaviour, random, since, id, OtherThan(machine));
    }

    /// <summary>A disk that a tracker which says what it speaks of cannot be speaking of this one for.</summary>
    private MemoryDisk OtherThan(Machine machine)
    {
        MemoryDisk disk = machine.Disk;
        return machines.Select(other => other.Disk)
            .FirstOrDefault(other => (other.Identity, other.VirtualSizeBytes) != (disk.Identity, disk.VirtualSizeBytes))
            ?? new MemoryDisk(disk.VirtualSizeBytes, "another");
    }

    private static void SwapIds(List<LyingSource> sources)
    {
        for (int position = 0; position < sources.Count; position++)
        {
            if (sources[position].Misbehaviour == Misbehaviour.SwapsIds)
            {
                LyingSource next = sources[(position + 1) % sources.Count];
                (sources[position].SealedId, next.SealedId) = (next.SealedId, sources[position].SealedId);
            }
        }
    }

    private async Task CheckAsync(
        List<RestorePoint> before, List<LyingSource> sources, IReadOnlyList<string> warnings)
    {
        List<RestorePoint> points = await bench.Repository.ListShownPointsAsync();
        RestorePoint? made = points.SingleOrDefault(point => before.TrueForAll(old => old.Id != point.Id));
        Require(made is not null || sources.Exists(source => source.Misbehaviour is
            Misbehaviour.FailsAtACall or Misbehaviour.ViewGrows), "no point was made");
        foreach (LyingSource source in sources)
        {
            DiskPoint? disk = made?.Disks.Single(candidate => candidate.Name == source.Machine.Name);
            figures.Count(source, disk);
            if (disk is not null)
            {
                await CheckAsync(made!, disk, source, warnings);
                idsGiven[source.Machine].Add(source.SealedId);
            }
        }
    }

    private async Task CheckAsync(
        RestorePoint point, DiskPoint disk, LyingSource source, IReadOnlyList<string> warnings)
    {
        byte[] found = await bench.ReadAsync(point.Id, disk.Name);
        byte[] truth = source.Truth!;
        Require(found.Length == truth.Length, $"{disk.Name} has another size");
        KnownDisk? parent = disk.Kind == RestorePointKind.Incremental ? known[(disk.Parent, disk.Name)] : null;
        HashSet<long> stale = [];
        for (long chunk = 0; chunk * Chunk < truth.Length; chunk++)
        {
            bool isRight = At(found, chunk).SequenceEqual(At(truth, chunk));
            bool isParents = parent is not null && At(found, chunk).SequenceEqual(At(parent.Bytes, chunk));
            bool isExcused = parent?.Stale.Contains(chunk) == true || source.Tracker?.OmittedChunk == chunk;
            Require(isRight || (isExcused && isParents), $"chunk {chunk} of {disk.Name} is wrong");
            bool isTold = source.Changes is DiskChanges.Known changes && Tells(changes.Ranges, chunk);
            Require(
                !isRight || parent?.Stale.Contains(chunk) != true || isParents || isTold,
                $"chunk {chunk} of {disk.Name} was wrong before, and is right, and nobody was told");
            if (!isRight)
            {
                stale.Add(chunk);
            }
        }

        RequireTold(disk, source, warnings);
        known[(point.Id, disk.Name)] = new KnownDisk(found, stale);
    }

    /// <summary>Who is caught has lied, and it is told.</summary>
    private void RequireTold(DiskPoint disk, LyingSource source, IReadOnlyList<string> warnings)
    {
        if (!disk.LostReason.StartsWith("the audit found", StringComparison.Ordinal))
        {
            return;
        }

        figures.CountFound();
        bool hasLied = source.Tracker!.OmittedChunk is not null
            || known.Any(entry => entry.Key.Disk == disk.Name && entry.Value.Stale.Count > 0);
        Require(hasLied, $"{disk.Name} was called wrong by mistake");
        Require(
            warnings.Any(warning => warning.Contains(disk.LostReason, StringComparison.Ordinal)),
            "an audit's finding is not told");
    }

    private async Task PruneAsync()
    {
        List<RestorePoint> points = await bench.Repository.ListShownPointsAsync();
        RestorePoint? kept = points.Count == 0 ? null : points[random.Next(points.Count)];
        foreach (RestorePoint point in points.Where(point => point != kept && random.Next(3) == 0))
        {
            log.Add($"prune {point.Sequence}");
            await Marks.PutAsync(store, bench.Repository.Id, point.Id);
        }

        ForgetRepeatedIds(points);
        await bench.Repository.NewCollector(new CollectOptions()).RunAsync(new Progress<CollectProgress>(), default);
    }

    private void ForgetRepeatedIds(List<RestorePoint> points)
    {
        foreach (Machine machine in machines)
        {
            IEnumerable<string> ids = points.SelectMany(point => point.Disks)
                .Where(disk => disk.Name == machine.Name).Select(disk => disk.TrackingId).OfType<string>();
            if (ids.GroupBy(id => id).Any(group => group.Count() > 1))
            {
                machine.Forget();
            }
        }
    }

    private async Task CheckAgainAsync()
    {
        Require((await bench.VerifyAsync()).Damage.Count == 0, "verify finds damage");
        foreach (RestorePoint point in await bench.Repository.ListShownPointsAsync())
        {
            foreach (DiskPoint disk in point.Disks)
            {
                byte[] found = await bench.ReadAsync(point.Id, disk.Name);
                Require(found.AsSpan().SequenceEqual(known[(point.Id, disk.Name)].Bytes), "a point has changed");
            }
        }
    }

    private static bool Tells(ChangedRanges ranges, long chunk)
    {
        foreach (ByteRange range in ranges.Ranges.Span)
        {
            if (range.StartBytes < (chunk + 1) * Chunk && range.EndBytes > chunk * Chunk)
            {
                return true;
            }
        }

        return false;
    }

    private static ReadOnlySpan<byte> At(byte[] disk, long chunk)
    {
        int start = (int)Math.Min(chunk * Chunk, disk.Length);
        return disk.AsSpan(start, Math.Min(Chunk, disk.Length - start));
    }

    private void Require(bool holds, string complaint)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"{complaint}; after {string.Join("; ", log)}");
        }
    }
}
