using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Maintenance.Prune;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Pins;
using HyperVBackup.Repository.Points;

namespace HyperVBackup.Repository.Maintenance.Explain;

/// <summary>Says what keeps a chunk, a pack or a restore point. Only reads: footers of packs, and maps, what points
/// share once. Memory does not grow with the repository. Not thread-safe.</summary>
public sealed class Explanation(BackupRepository repository)
{
    private const int RememberedNodeBytes = 100;
    private const int BudgetShare = 8;
    private const int ToldTakerCountMax = 20;

    /// <summary>Explains a chunk, or a record of pages that recipes name by its data id.</summary>
    /// <exception cref="RestorePointNotFoundException">No pack holds such a record.</exception>
    public async Task<RecordExplanation> ExplainChunkAsync(
        ChunkId id, IProgress<VerificationProgress> progress, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(progress);
        RecordTargets targets = new();
        targets.Add(id.Value, 0);
        FooterScan scan = new(repository.Store, repository.Id, targets);
        await scan.RunAsync(await ListPacksAsync(PackKind.Chunks, token), null, progress, token);
        return scan.Records.Count > 0 || scan.UnreadableCount > 0
            ? await SearchAsync(targets, scan, searchesLists: false, progress, token)
            : throw new RestorePointNotFoundException($"No pack holds a record of chunk {id}.");
    }

    /// <summary>Explains all records of a pack.</summary>
    /// <exception cref="RestorePointNotFoundException">There is no such pack.</exception>
    /// <exception cref="RepositoryDamagedException">Its footer cannot be read.</exception>
    public async Task<RecordExplanation> ExplainPackAsync(
        PackName pack, IProgress<VerificationProgress> progress, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(progress);
        RecordTargets targets = new();
        PackTable table = await ReadTableAsync(pack, token);
        for (int index = 0; index < table.Count; index++)
        {
            targets.Add(table[index].Id, table[index].LengthBytes);
        }

        FooterScan scan = new(repository.Store, repository.Id, targets);
        await scan.RunAsync(await ListPacksAsync(pack.Kind, token), pack, progress, token);
        return await SearchAsync(targets, scan, searchesLists: pack.Kind == PackKind.Maps, progress, token);
    }

    /// <summary>Explains a restore point.</summary>
    public async Task<PointExplanation> ExplainPointAsync(
        RestorePoint point, IProgress<CollectProgress> progress, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(point);
        HashSet<SessionId> marked = await ListMarkedAsync(token);
        List<RestorePoint> all = await repository.ListAllPointsAsync(token);
        PointLocks locks = await new PointPins(repository).ReadAsync(token);
        DateTimeOffset now = repository.Environment.Clock.GetUtcNow();
        bool IsShown(RestorePoint other) => !marked.Contains(other.Id) || locks.Holds(other.Id);
        (FreedSpace? space, string? fault) = await MeasureAsync(
            [.. all.Where(other => IsShown(other) || other.Id == point.Id)], point.Id, progress, token);
        List<RestorePoint> own = PointSelector.FindVm(all, point.VmIdentity);
        return new PointExplanation(
            point, marked.Contains(point.Id), own.FindLast(IsShown)?.Id == point.Id,
            [.. locks.Of(point.Id).Where(held => held.Until is null || held.Until > now)],
            [.. own.Where(child => child.Disks.Any(disk => disk.Parent == point.Id)).Select(child => child.Id)],
            await ListReadersAsync(point.Id, token), space, fault);
    }

    private async Task<(FreedSpace? Space, string? Fault)> MeasureAsync(
        List<RestorePoint> points, SessionId going, IProgress<CollectProgress> progress, CancellationToken token)
    {
        try
        {
            return (await new FreedSpaceMeasure(repository).MeasureAsync(
                points, point => point.Id == going, progress, token), null);
        }
        catch (RepositoryDamagedException damage)
        {
            return (null, damage.Message);
        }
    }

    private async Task<RecordExplanation> SearchAsync(
        RecordTargets targets, FooterScan scan, bool searchesLists, IProgress<VerificationProgress> progress,
        CancellationToken token)
    {
        HashSet<SessionId> marked = await ListMarkedAsync(token);
        List<RestorePoint> points = await repository.ListAllPointsAsync(token);
        PointLocks locks = await new PointPins(repository).ReadAsync(token);
        long rememberedMax = repository.Environment.MemoryBudgetBytes / BudgetShare / RememberedNodeBytes;
        PointSearch search = new(repository.Nodes, targets, searchesLists, (int)Math.Min(rememberedMax, int.MaxValue));
        List<(PointUse Use, int Number)> uses = [];
        for (int number = 0; number < points.Count; number++)
        {
            progress.Report(new VerificationProgress("maps", number, points.Count, 0));
            bool isPruned = marked.Contains(points[number].Id) && !locks.Holds(points[number].Id);
            if (await search.TryFindAsync(points[number], number, isPruned, token) is { } use)
            {
                uses.Add((use, number));
            }
        }

        (int neededCount, long neededBytes) = targets.Needed;
        return new RecordExplanation(
            scan.Records, targets.Count, targets.LengthBytes, neededCount, neededBytes, scan.ElsewhereCount,
            [.. targets.Takers.Take(ToldTakerCountMax)], targets.Takers.Count, targets.HasMoreTakers,
            [.. uses.Select(use => use.Use with { OwnBytes = targets.OwnBytes(use.Number) })], scan.UnreadableCount);
    }

    private async Task<PackTable> ReadTableAsync(PackName pack, CancellationToken token)
    {
        foreach (string name in pack.Kind == PackKind.Maps
            ? (string[])[pack.BlobName, pack.MirrorBlobName]
            : [pack.BlobName])
        {
            try
            {
                if (await PackFile.TryOpenAsync(repository.Store, repository.Id, pack, name, token) is { } file)
                {
                    return file.Table;
                }
            }
            catch (PackDamagedException) when (name != pack.MirrorBlobName && pack.Kind == PackKind.Maps)
            {
                continue; // the second copy may serve
            }
            catch (PackDamagedException damage)
            {
                throw new RepositoryDamagedException($"The footer of '{name}' cannot be read.", damage);
            }
        }

        throw new RestorePointNotFoundException($"There is no pack '{pack}'.");
    }

    private async Task<List<PackName>> ListPacksAsync(PackKind kind, CancellationToken token)
    {
        PackListing listing = new(repository.Store, new PackTables(repository.Store, repository.Id, 0));
        return [.. (await listing.ListAsync(_ => { }, token)).Where(pack => pack.Kind == kind)];
    }

    private async Task<HashSet<SessionId>> ListMarkedAsync(CancellationToken token)
    {
        HashSet<SessionId> marked = [];
        await foreach (SessionId id in new PruneMarkFiles(repository.Store, repository.Id).ListAsync(token))
        {
            marked.Add(id);
        }

        return marked;
    }

    private async Task<List<SessionId>> ListReadersAsync(SessionId point, CancellationToken token)
    {
        List<SessionId> readers = [];
        await foreach (SessionId session in repository.Leases.ListAsync(token))
        {
            if ((await repository.Leases.TryReadAsync(session, token))?.Point == point)
            {
                readers.Add(session);
            }
        }

        return readers;
    }
}
