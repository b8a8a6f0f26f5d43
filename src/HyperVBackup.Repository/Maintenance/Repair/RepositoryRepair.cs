using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>
/// Heals what is damaged from whatever still has it: by writing the very bytes that were there over those that rotted,
/// or by new copies, which readers find as they find any other. It deletes nothing and makes no file again that is
/// gone. It works in a session of its own, as one who rewrites packs; it may run beside all else, and be stopped at any
/// moment and run again. Used once.
/// </summary>
public sealed class RepositoryRepair
{
    private readonly BackupRepository repository;
    private readonly RepairOptions options;

    internal RepositoryRepair(BackupRepository repository, RepairOptions options) =>
        (this.repository, this.options) = (repository, options);

    /// <exception cref="RepositoryUnusableException">What a collection deletes cannot be read, or another repository
    /// has another chunk size.</exception>
    /// <exception cref="SessionFencedException">A collector gave this session up: run again.</exception>
    /// <exception cref="StoreException">The store failed; run again.</exception>
    public async Task<RepairReport> RunAsync(IProgress<RepairProgress> progress, CancellationToken token)
    {
        foreach (BackupRepository other in options.Others)
        {
            if (other.Settings.ChunkSizeBytes != repository.Settings.ChunkSizeBytes)
            {
                throw new RepositoryUnusableException(
                    $"The repository in '{other.Store.Description}' has chunks of another size: nothing of it serves.");
            }
        }

        return options.DryRun
            ? await TryOutAsync(progress, token)
            : await RunAsync(repository, progress, token);
    }

    /// <summary>Repairs what would be there, under a lease of one who reads all, as what the repair itself puts nobody
    /// else sees. What a collector deleted all the same is no damage: then it is tried once more.</summary>
    private async Task<RepairReport> TryOutAsync(IProgress<RepairProgress> progress, CancellationToken token)
    {
        const int TryCountMax = 3;
        for (int tries = 1; ; tries++)
        {
            await using Inspection inspection = await repository.OpenInspectionAsync(token);
            BackupRepository target = await BackupRepository.OpenAsync(
                new OverlayStore(repository.Store), repository.Environment with { StateFolder = null }, token);
            RepairReport report = await RunAsync(target, progress, token);
            if (report.Healed.Count + report.Left.Count == 0 || !await inspection.IsOvertakenAsync(token))
            {
                return report;
            }

            if (tries == TryCountMax)
            {
                throw new SessionFencedException(
                    "Collections deleted what was being checked, again and again: run 'repair --dry-run' again.");
            }
        }
    }

    private async Task<RepairReport> RunAsync(
        BackupRepository target, IProgress<RepairProgress> progress, CancellationToken token)
    {
        CollectionStore store = new(target.Store, target.Id, target.Hasher, target.Environment);
        RepackSession session = await RepackSession.OpenAsync(store, token);
        try
        {
            IEnumerable<PackName> packs = await store.ListPacksAsync(token);
            await using NewCopies copies = new(target, session.Id, PackGeneration.FirstNumberAfter(packs));
            RepairRun run = new(
                target, options, session.Absent, copies,
                async (how, known) =>
                {
                    // Opened anew, so that it remembers nothing of what was mended since.
                    BackupRepository fresh =
                        await BackupRepository.OpenAsync(target.Store, target.Environment, token);
                    return fresh.NewVerificationRun(how, session.Absent, known);
                },
                progress);
            return await run.RunAsync(token);
        }
        catch (StoreException) when (!token.IsCancellationRequested)
        {
            if (await session.IsGivenUpAsync())
            {
                throw new SessionFencedException(
                    "A collector gave this repair up before it finished: run 'repair' again.");
            }

            throw;
        }
        finally
        {
            await session.EndAsync();
        }
    }
}
