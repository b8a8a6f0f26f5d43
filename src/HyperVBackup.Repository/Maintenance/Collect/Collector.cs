using HyperVBackup.Format;
using HyperVBackup.Repository.Maintenance.Collect.Marks;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>
/// Collects garbage: deletes pruned restore points, packs that nothing needs any more, and, after it has copied what is
/// needed of them, packs of which much is dead. Any number of collectors may run at any time, on any hosts, beside
/// backups, restores and all else; each may be stopped at any moment and goes on where the store says it was
/// (repo-format/concurrency.md). Used once.
/// </summary>
public sealed class Collector
{
    private readonly BackupRepository repository;
    private readonly CollectOptions options;

    internal Collector(BackupRepository repository, CollectOptions options) =>
        (this.repository, this.options) = (repository, options);

    /// <exception cref="RepositoryDamagedException">A point or node cannot be read, or something that points need has
    /// no complete copy: nothing is deleted then.</exception>
    /// <exception cref="RepositoryUnusableException">What an earlier collection says cannot be read, or the store may
    /// show late what other hosts put.</exception>
    /// <exception cref="StoreException">The store failed; run again.</exception>
    /// <exception cref="IOException">This host has no room for what does not fit into memory.</exception>
    public async Task<CollectReport> RunAsync(IProgress<CollectProgress> progress, CancellationToken token)
    {
        await RequireListingAsync(token);
        RepositoryEnvironment environment = repository.Environment;
        CountedStore counted = new(repository.Store);
        string? folder = environment.StateFolder is { } state
            ? Path.Join(state, "collect", repository.Id.ToString())
            : null;
        ScratchFolder scratch = new(folder, environment.ProcessId);
        Workshop workshop = new(scratch, environment.MemoryBudgetBytes);
        using FactsFile facts = FactsFile.Open(folder is null ? null : Path.Join(folder, "facts"), scratch);
        RecordReader records = new(
            counted, repository.Hasher, new PackTables(counted, repository.Id, 0));
        PackFactsReader reader = new(counted, repository.Id, repository.Hasher, records);
        StockReader stock = new(facts, reader, workshop, environment.Warn);
        using Survey survey = new(
            facts, stock, KeptMarks.Of(repository, facts, folder, workshop), workshop, progress);
        CollectionStore store = new(repository.Store, repository.Id, repository.Hasher, environment);
        NothingNote note = new(folder is null ? null : Path.Join(folder, "nothing"));
        CollectionRun run = new(repository, store, survey, note, options, progress);
        await run.RunAsync(token);
        survey.Tidy();
        return run.Report() with { MapBytesRead = counted.ReadBytes };
    }

    /// <summary>A session of another host must be seen that had its lease before the leases were listed.</summary>
    private async Task RequireListingAsync(CancellationToken token)
    {
        if (!options.DryRun && !options.SingleHost
            && await repository.Store.FindListingDoubtAsync(token) is string doubt)
        {
            throw new RepositoryUnusableException(
                $"'{repository.Store.Description}' may show late what other hosts put ({doubt}): collect where it "
                + "lies, or with --single-host while no other host uses it.");
        }
    }
}
