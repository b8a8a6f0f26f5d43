using HyperVBackup.Format;
using HyperVBackup.Storage;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Index;

/// <summary>Opens the index of a repository on this host, in the folder <c>index/REPOSITORY-ID</c> of the host's state
/// folder. Thread-safe.</summary>
public static class ChunkIndexFolder
{
    /// <summary>Far more than any save or recovery takes; a hang is given up after it.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Opens what was saved last. Nothing that is wrong with it is an error: a damaged index comes back empty (and
    /// covers nothing); while another process has it open, one gets a view of the last save that keeps its own
    /// additions to itself; and where the folder cannot be used the index lives in memory only.
    /// </summary>
    /// <param name="stateFolder">On a local disk; created if missing.</param>
    /// <param name="memoryBudgetBytes">Positive: the most it takes, at least 16 MiB; an index of few entries takes
    /// little of it. Entries saved under a larger budget are all opened, at 9 to 18 bytes each.</param>
    /// <exception cref="ArgumentOutOfRangeException">The budget is not positive.</exception>
    public static IChunkIndex Open(string stateFolder, RepositoryId repository, long memoryBudgetBytes) =>
        Open(stateFolder, repository, memoryBudgetBytes, new Watchdog(Patience));

    /// <summary>Removes what was saved and opens an empty index in its place.</summary>
    /// <inheritdoc cref="Open(string, RepositoryId, long)"/>
    /// <exception cref="StoreException">Another process has it open, or the folder cannot be used.</exception>
    public static IChunkIndex Rebuild(string stateFolder, RepositoryId repository, long memoryBudgetBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(memoryBudgetBytes);
        IndexFiles? files = null;
        try
        {
            files = IndexFiles.Claim(stateFolder, repository);
            if (files.IsOwned)
            {
                return CreateEmpty(files, repository, memoryBudgetBytes, new Watchdog(Patience));
            }
        }
        catch (Exception error) when (IsFromSystem(error))
        {
            files?.Dispose();
            throw new StoreException($"The index in '{stateFolder}' cannot be rebuilt: {error.Message}", error);
        }

        throw new StoreException($"The index in '{stateFolder}' is in use by another process: run again when it ends.");
    }

    internal static IChunkIndex Open(
        string stateFolder, RepositoryId repository, long memoryBudgetBytes, Watchdog watchdog)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(memoryBudgetBytes);
        long budgetBytes = Math.Max(memoryBudgetBytes, IndexSizes.BudgetBytesMin);
        IndexFiles? files = null;
        try
        {
            files = IndexFiles.Claim(stateFolder, repository);
            return files.IsOwned
                ? OpenOwned(files, repository, budgetBytes, watchdog)
                : OpenView(files, repository, budgetBytes, watchdog);
        }
        catch (Exception error) when (IsFromSystem(error))
        {
            files?.Dispose();
            return new MemoryChunkIndex(budgetBytes);
        }
    }

    private static FasterChunkIndex OpenOwned(
        IndexFiles files, RepositoryId repository, long budgetBytes, Watchdog watchdog)
    {
        files.Sweep();
        return OpenSaved(files, repository, budgetBytes, watchdog)
            ?? CreateEmpty(files, repository, budgetBytes, watchdog);
    }

    private static IChunkIndex OpenView(
        IndexFiles files, RepositoryId repository, long budgetBytes, Watchdog watchdog) =>
        OpenSaved(files, repository, budgetBytes / 2, watchdog) is { } saved
            ? new ChunkIndexView(saved, new MemoryChunkIndex(budgetBytes / 2))
            : new MemoryChunkIndex(budgetBytes);

    /// <summary>Null where nothing is saved or anything about it is in doubt.</summary>
    private static FasterChunkIndex? OpenSaved(
        IndexFiles files, RepositoryId repository, long budgetBytes, Watchdog watchdog)
    {
        if (!File.Exists(files.ManifestPath))
        {
            return null;
        }

        LogDevice? device = null;
        FasterChunkIndex? index = null;
        Exception? failure = watchdog.RunApart(() =>
        {
            IndexManifest saved = IndexManifest.Read(files.ManifestPath, repository);
            device = OpenLog(files, FileMode.Open, saved.Mark.IsNone ? 0 : saved.Mark.EndBytes);
            LogSums.Verify(device.File, saved.Sums, saved.Mark.IsNone ? 0 : saved.Mark.EndBytes);
            index = new FasterChunkIndex(files, watchdog, device, saved, budgetBytes);
        });
        if (failure is not null)
        {
            device?.Dispose();
        }

        return failure is null ? index : null;
    }

    private static FasterChunkIndex CreateEmpty(
        IndexFiles files, RepositoryId repository, long budgetBytes, Watchdog watchdog)
    {
        files.Clear();
        LogDevice device = OpenLog(files, FileMode.CreateNew, 0);
        IndexManifest nothing = new(repository, LogMark.None, [], [], []);
        return new FasterChunkIndex(files, watchdog, device, nothing, budgetBytes);
    }

    private static LogDevice OpenLog(IndexFiles files, FileMode mode, long savedBytes)
    {
        FileAccess access = files.IsOwned ? FileAccess.ReadWrite : FileAccess.Read;
        SafeFileHandle file = File.OpenHandle(files.LogPath, mode, access, FileShare.ReadWrite | FileShare.Delete);
        return new LogDevice(file, files.LogPath, savedBytes);
    }

    private static bool IsFromSystem(Exception error) =>
        error is IOException or UnauthorizedAccessException or StoreException;
}
