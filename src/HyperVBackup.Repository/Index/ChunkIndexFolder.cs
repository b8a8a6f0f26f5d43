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

    private const int ViewTryCountMax = 16;

    /// <summary>What of a process's memory ceiling is the index's: half, or all but half a gibibyte where that is more.
    /// </summary>
    public static long BudgetOf(long memoryBytes) => Math.Max(memoryBytes / 2, memoryBytes - (512L << 20));

    /// <summary>
    /// Opens what was saved last. Nothing that is wrong with it is an error: a damaged index comes back empty (and
    /// covers nothing); while another process has it open, one gets a view of the last save that keeps its own
    /// additions to itself; and where the folder cannot be used the index lives in memory only.
    /// </summary>
    /// <param name="stateFolder">On a local disk; created if missing.</param>
    /// <param name="memoryBudgetBytes">Positive: the most it takes, at least 16 MiB; an index of few entries takes
    /// little of it. Entries saved under a larger budget are all found, more slowly where they are too many to be kept
    /// in memory.</param>
    /// <exception cref="ArgumentOutOfRangeException">The budget is not positive.</exception>
    public static IChunkIndex Open(string stateFolder, RepositoryId repository, long memoryBudgetBytes) =>
        Open(stateFolder, repository, memoryBudgetBytes, new Watchdog(Patience));

    /// <summary>What is saved, by what its manifest says; never waits for a process that has it open.</summary>
    /// <returns>Null where nothing is saved, or it cannot be read.</returns>
    public static IndexStatistics? TryMeasure(string stateFolder, RepositoryId repository)
    {
        try
        {
            return IndexFiles.ForReading(stateFolder, repository).Measure(repository);
        }
        catch (Exception error) when (IsFromSystem(error) || error is CorruptDataException)
        {
            return null;
        }
    }

    /// <summary>Removes what was saved and makes an index anew of what <paramref name="fillAsync"/> adds, and of the
    /// sessions that it says are whole.</summary>
    /// <exception cref="StoreException">Another process has it open, or the folder cannot be used.</exception>
    internal static async Task RebuildAsync(
        string stateFolder, RepositoryId repository, long memoryBudgetBytes,
        Func<IndexLoad, Task<IEnumerable<SessionId>>> fillAsync)
    {
        try
        {
            using IndexFiles files = IndexFiles.Claim(stateFolder, repository);
            if (files.Refusal is { } refusal)
            {
                throw refusal;
            }

            if (!files.IsOwned)
            {
                throw new StoreException(
                    $"The index in '{stateFolder}' is in use by another process: run again when it ends.");
            }

            using IndexLoad load = new(files, repository, SizesOf(memoryBudgetBytes));
            load.Finish(await fillAsync(load));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CorruptDataException)
        {
            throw new StoreException(
                $"The index in '{stateFolder}' cannot be rebuilt: {StoreException.AdvisedMessageOf(error)}", error);
        }
    }

    /// <summary>The same, for who tells an index that comes back empty all that there is before it asks anything:
    /// that is loaded faster then.</summary>
    /// <inheritdoc cref="Open(string, RepositoryId, long)"/>
    internal static IChunkIndex OpenToLoad(string stateFolder, RepositoryId repository, long memoryBudgetBytes) =>
        Open(stateFolder, repository, memoryBudgetBytes, new Watchdog(Patience), isLoading: true);

    /// <summary>What is saved, to be asked only, whoever else has it open.</summary>
    /// <returns>Null where nothing is saved or anything about it is in doubt.</returns>
    internal static IChunkIndex? TryOpenSaved(string stateFolder, RepositoryId repository, long memoryBudgetBytes)
    {
        try
        {
            return OpenSaved(
                IndexFiles.ForReading(stateFolder, repository), repository, SizesOf(memoryBudgetBytes),
                new Watchdog(Patience));
        }
        catch (Exception error) when (IsFromSystem(error))
        {
            return null;
        }
    }

    /// <summary>Forgets what is saved, unless another process has it open or the folder cannot be used.</summary>
    internal static void Forget(string stateFolder, RepositoryId repository)
    {
        try
        {
            using IndexFiles files = IndexFiles.Claim(stateFolder, repository);
            files.Discredit();
        }
        catch (Exception error) when (IsFromSystem(error))
        {
            return;
        }
    }

    internal static IChunkIndex Open(
        string stateFolder, RepositoryId repository, long memoryBudgetBytes, Watchdog watchdog,
        IndexSizes? sizes = null, bool isLoading = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(memoryBudgetBytes);
        long budgetBytes = Math.Max(memoryBudgetBytes, IndexSizes.BudgetBytesMin);
        IndexFiles? files = null;
        try
        {
            files = IndexFiles.Claim(stateFolder, repository);
            return files.IsOwned
                ? OpenOwned(files, repository, sizes ?? SizesOf(budgetBytes), watchdog, isLoading)
                : OpenView(files, repository, budgetBytes, watchdog);
        }
        catch (Exception error) when (IsFromSystem(error))
        {
            files?.Dispose();
            return new MemoryChunkIndex(budgetBytes);
        }
    }

    private static IChunkIndex OpenOwned(
        IndexFiles files, RepositoryId repository, IndexSizes sizes, Watchdog watchdog, bool isLoading)
    {
        FasterChunkIndex? saved = OpenSaved(files, repository, sizes, watchdog);
        files.Sweep(saved?.TablePath);
        return saved ?? (IChunkIndex)(isLoading
            ? new LoadingIndex(files, repository, sizes, () => OpenOrCreate(files, repository, sizes, watchdog))
            : CreateEmpty(files, repository, sizes, watchdog));
    }

    private static FasterChunkIndex OpenOrCreate(
        IndexFiles files, RepositoryId repository, IndexSizes sizes, Watchdog watchdog) =>
        OpenSaved(files, repository, sizes, watchdog) ?? CreateEmpty(files, repository, sizes, watchdog);

    private static IChunkIndex OpenView(
        IndexFiles files, RepositoryId repository, long budgetBytes, Watchdog watchdog)
    {
        byte[]? before = null;
        for (int tries = 0; tries < ViewTryCountMax; tries++)
        {
            if (OpenSaved(files, repository, SizesOf(budgetBytes / 2), watchdog) is { } saved)
            {
                return new ChunkIndexView(saved, new MemoryChunkIndex(budgetBytes / 2));
            }

            byte[]? now = File.Exists(files.ManifestPath)
                ? ReplaceableFile.Read(files.ManifestPath, IndexManifest.FileBytesMax)
                : null;
            if (tries > 0 && now.AsSpan().SequenceEqual(before))
            {
                break;
            }

            before = now; // its owner may have saved meanwhile, and removed what the last save was made of
        }

        return new MemoryChunkIndex(budgetBytes);
    }

    /// <summary>Null where nothing is saved or anything about it is in doubt.</summary>
    private static FasterChunkIndex? OpenSaved(
        IndexFiles files, RepositoryId repository, IndexSizes sizes, Watchdog watchdog)
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
            long savedBytes = saved.Mark.IsNone ? 0 : saved.Mark.EndBytes;
            device = OpenLog(files, FileMode.Open, savedBytes, saved.SettledEndBytes);
            index = new FasterChunkIndex(files, watchdog, device, saved, sizes);
        });
        if (failure is not null)
        {
            device?.Dispose();
        }

        return failure is null ? index : null;
    }

    private static FasterChunkIndex CreateEmpty(
        IndexFiles files, RepositoryId repository, IndexSizes sizes, Watchdog watchdog)
    {
        files.Clear();
        LogDevice device = OpenLog(files, FileMode.CreateNew, savedBytes: 0, beginBytes: 0);
        IndexManifest nothing = new(
            repository, LogMark.None, LogMark.FirstEntryBytes, TableMark.None, 0, [], [], []);
        return new FasterChunkIndex(files, watchdog, device, nothing, sizes);
    }

    private static LogDevice OpenLog(IndexFiles files, FileMode mode, long savedBytes, long beginBytes)
    {
        FileAccess access = files.IsOwned ? FileAccess.ReadWrite : FileAccess.Read;
        SafeFileHandle file = File.OpenHandle(files.LogPath, mode, access, FileShare.ReadWrite | FileShare.Delete);
        return new LogDevice(file, files.LogPath, savedBytes, beginBytes);
    }

    private static IndexSizes SizesOf(long budgetBytes) =>
        IndexSizes.For(Math.Max(budgetBytes, IndexSizes.BudgetBytesMin));

    private static bool IsFromSystem(Exception error) =>
        error is IOException or UnauthorizedAccessException or StoreException;
}
