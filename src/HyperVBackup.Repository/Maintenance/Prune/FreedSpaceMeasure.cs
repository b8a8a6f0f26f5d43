using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Maintenance.Collect.Marks;
using HyperVBackup.Repository.Packs;

namespace HyperVBackup.Repository.Maintenance.Prune;

/// <summary>
/// Measures the <see cref="FreedSpace"/> of restore points: marks all that the points reach, and all that those which
/// stay reach, and takes the one from the other. What packs hold is read once and kept in the host's state folder, as
/// a collector does, within the memory budget.
/// </summary>
internal sealed class FreedSpaceMeasure(BackupRepository repository)
{
    private const int MapCopyCount = 2;

    /// <param name="points">All points, of all VMs.</param>
    /// <exception cref="RepositoryDamagedException">Something that a point needs cannot be read.</exception>
    /// <exception cref="IOException">This host has no room for what does not fit into memory.</exception>
    public async Task<FreedSpace> MeasureAsync(
        IReadOnlyCollection<RestorePoint> points, Func<RestorePoint, bool> goes, IProgress<CollectProgress> progress,
        CancellationToken token)
    {
        RepositoryEnvironment environment = repository.Environment;
        string? folder = environment.StateFolder is { } state
            ? Path.Join(state, "collect", repository.Id.ToString())
            : null;
        ScratchFolder scratch = new(folder, environment.ProcessId);
        Workshop workshop = new(scratch, environment.MemoryBudgetBytes);
        using FactsFile facts = FactsFile.Open(folder is null ? null : Path.Join(folder, "facts"), scratch);
        PackFactsReader reader = new(
            repository.Store, repository.Id, repository.Hasher,
            new RecordReader(repository.Store, repository.Hasher, new PackTables(repository.Store, repository.Id, 0)));
        StockReader stock = new(facts, reader, workshop, environment.Warn);
        using Survey survey = new(
            facts, stock, KeptMarks.Of(repository, facts, folder, workshop), workshop, progress);
        HashSet<PackName> packs =
            await new PackListing(repository.Store, new PackTables(repository.Store, repository.Id, 0))
                .ListAsync(_ => { }, token);
        FreedSpace all = await MeasureAsync(survey, packs, points, token);
        FreedSpace staying = await MeasureAsync(survey, packs, points.Where(point => !goes(point)), token);
        return new FreedSpace(all.ChunkBytes - staying.ChunkBytes, all.MapBytes - staying.MapBytes);
    }

    /// <summary>The bytes of all records that the points reach.</summary>
    private async Task<FreedSpace> MeasureAsync(
        Survey survey, HashSet<PackName> packs, IEnumerable<RestorePoint> points, CancellationToken token)
    {
        PointRoots roots = RootsOf(points);
        (Stock stock, long[] reached) = await MeasureAsync(survey, packs, roots, token);
        (long chunkBytes, long mapBytes) = (0, 0);
        for (int pack = 0; pack < reached.Length; pack++)
        {
            bool isOfMaps = stock.Packs.Names[pack].Kind == PackKind.Maps;
            chunkBytes += isOfMaps ? 0 : reached[pack];
            mapBytes += isOfMaps ? MapCopyCount * reached[pack] : 0;
        }

        return new FreedSpace(chunkBytes, mapBytes);
    }

    private static async Task<(Stock Stock, long[] Reached)> MeasureAsync(
        Survey survey, HashSet<PackName> packs, PointRoots roots, CancellationToken token)
    {
        while (true)
        {
            (Stock stock, NeededIds needed) = await survey.RunAsync(packs, roots, token);
            try
            {
                return (stock, PackDensity.Measure(stock, needed, survey.Workshop, token));
            }
            catch (MarksUnusableException failure)
            {
                survey.Forget(failure);
            }
        }
    }

    private PointRoots RootsOf(IEnumerable<RestorePoint> points)
    {
        PointRoots roots = new();
        foreach (RestorePoint point in points)
        {
            try
            {
                roots.Add(point, repository.Hasher);
            }
            catch (CorruptDataException complaint)
            {
                throw new RepositoryDamagedException(
                    $"Restore point {point.Id} cannot be measured: {complaint.Message}.", complaint);
            }
        }

        return roots;
    }
}
