using HyperVBackup.Format;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Packs;

namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>
/// Heals chunks: from their pack's footer, from copies in other packs, from other repositories, and from live disks, in
/// this order. Used once.
/// </summary>
internal sealed class ChunkHealing(
    BackupRepository repository, RepairOptions options, AbsentSet absent, Mending mending, NewCopies copies,
    Action<HealedPlace> healed, IProgress<RepairProgress> progress)
{
    /// <param name="places">Those of nodes and lists are left alone.</param>
    public async Task RunAsync(IReadOnlyList<DamagedPlace> places, CancellationToken token)
    {
        PackTables tables = repository.NewTables(absent);
        RecordHealing healing = new(repository, tables, mending, copies, healed);
        List<DamagedPlace> left = [];
        await healing.FindCopiesAsync(
            places.Where(place => !MapHealing.IsMap(place) && !place.Place.IsUnknown).Select(place => place.Id),
            token);
        foreach (DamagedPlace place in places.Where(place => !MapHealing.IsMap(place)))
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

        await copies.PublishAsync(token); // reading disks takes long, and may fail
        List<RestorePoint> points = await repository.ListPointsAsync(token);
        GatheredMaps maps = new(repository, repository.NewTables(absent));
        List<WantedChunk> chunks = await new LossSearch(maps, points).FindAsync(open, token);
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
}
