using HyperVBackup.Format;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Packs;

namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>
/// Heals nodes and lists: from their pack's other copy; else by new copies, made of other maps and lists, or taken from
/// other repositories. Used once.
/// </summary>
internal sealed class MapHealing(
    BackupRepository repository, IReadOnlyList<BackupRepository> others, AbsentSet absent, Mending mending,
    NewCopies copies, Action<HealedPlace> healed, IProgress<RepairProgress> progress)
{
    private readonly HashSet<Digest> gone = [];

    /// <summary>Whether a node or list lies, or should lie, there.</summary>
    public static bool IsMap(DamagedPlace place) => place.Type is RecordType.Node or RecordType.List;

    public async Task RunAsync(IReadOnlyList<DamagedPlace> places, CancellationToken token)
    {
        PackTables tables = repository.NewTables(absent);
        RecordHealing healing = new(repository, tables, mending, copies, healed);
        List<DamagedPlace> left = [];
        foreach (DamagedPlace place in places.Where(IsMap))
        {
            bool isMended = await healing.TryMendFromPackAsync(place, token);
            _ = isMended && gone.Add(place.Id);
            left.AddRange(isMended ? [] : [place]);
        }

        ILookup<Digest, DamagedPlace> wanted = left.Where(place => !gone.Contains(place.Id))
            .ToLookup(place => place.Id);
        GatheredMaps maps = new(repository, tables);
        HashSet<Digest> lost = [.. wanted.Select(of => of.Key)];
        await maps.FindAsync(
            [.. wanted.Select(of => (of.First().Type, of.Key))],
            (_, id, _) =>
            {
                lost.Remove(id);
                return Task.CompletedTask;
            },
            token);
        await RebuildAsync(healing, maps, lost, wanted, token);
        foreach (BackupRepository other in others)
        {
            await TakeMapsAsync(healing, other, lost, wanted, token);
        }
    }

    private async Task RebuildAsync(
        RecordHealing healing, GatheredMaps maps, HashSet<Digest> lost, ILookup<Digest, DamagedPlace> wanted,
        CancellationToken token)
    {
        if (lost.Count == 0)
        {
            return;
        }

        progress.Report(new RepairProgress("rebuild maps", 0, lost.Count, 0));
        List<RestorePoint> points = await repository.ListPointsAsync(token);
        await new MapRebuild(repository, maps, points).RunAsync(
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
        if (lost.Count == 0)
        {
            return;
        }

        await new GatheredMaps(other, other.NewTables(AbsentSet.None)).FindAsync(
            [.. lost.Select(id => (wanted[id].First().Type, id))],
            async (type, id, plain) =>
            {
                await healing.TakeMapAsync(
                    type, id, plain, $"the repository in '{other.Store.Description}'", [.. wanted[id]], token);
                lost.Remove(id);
            },
            token);
    }
}
