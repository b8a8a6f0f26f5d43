using System.Globalization;
using HyperVBackup.Format;

namespace HyperVBackup.Repository.Index;

/// <summary>The files of a saved index, and the right to write them: the lock ends with the process, however that
/// ends. Without the lock they are only read.</summary>
internal sealed class IndexFiles : IDisposable
{
    private const string LockName = "lock";

    /// <summary>What .NET says of a file that is locked: EWOULDBLOCK as Linux and as macOS count it, and
    /// ERROR_SHARING_VIOLATION.</summary>
    private static readonly int[] inUse = [11, 35, unchecked((int)0x80070020)];
    private readonly string folder;
    private readonly FileStream? processLock;

    private IndexFiles(string folder, FileStream? processLock) =>
        (this.folder, this.processLock) = (folder, processLock);

    public string LogPath => Path.Join(folder, "log");

    public string ManifestPath => Path.Join(folder, "manifest");

    public string TablePathOf(long number) =>
        Path.Join(folder, string.Create(CultureInfo.InvariantCulture, $"table-{number}"));

    /// <summary>Why this process may not write; null where it may, or another one does.</summary>
    public IOException? Refusal { get; private init; }

    /// <summary>True where this process alone may write.</summary>
    public bool IsOwned => processLock is not null;

    /// <summary>Creates the folder, and takes the lock if no other process (or index) has it; never waits.</summary>
    /// <exception cref="IOException">The folder cannot be used.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder cannot be used.</exception>
    public static IndexFiles Claim(string stateFolder, RepositoryId repository)
    {
        string folder = FolderOf(stateFolder, repository);
        Directory.CreateDirectory(folder);
        string lockPath = Path.Join(folder, LockName);
        try
        {
            return new IndexFiles(
                folder, new FileStream(lockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException failure) when (File.Exists(lockPath))
        {
            return new IndexFiles(folder, processLock: null)
            {
                Refusal = inUse.Contains(failure.HResult) ? null : failure,
            };
        }
    }

    /// <summary>The files as they are, without taking or creating anything.</summary>
    public static IndexFiles ForReading(string stateFolder, RepositoryId repository) =>
        new(FolderOf(stateFolder, repository), processLock: null);

    /// <exception cref="CorruptDataException">The manifest is damaged.</exception>
    /// <exception cref="IOException">The files cannot be read.</exception>
    public IndexStatistics Measure(RepositoryId repository)
    {
        IndexManifest saved = IndexManifest.Read(ManifestPath, repository);
        long newestCount = saved.Mark.IsNone
            ? 0
            : LogEntry.CountBefore(saved.Mark.EndBytes) - LogEntry.CountBefore(saved.SettledEndBytes);
        return new IndexStatistics(
            saved.Table.EntryCount + newestCount, saved.NotIndexedCount,
            new DirectoryInfo(folder).EnumerateFiles().Sum(file => file.Length));
    }

    /// <summary>Removes everything but the lock. Only for the owner.</summary>
    /// <exception cref="IOException">Something cannot be removed.</exception>
    /// <exception cref="UnauthorizedAccessException">Something cannot be removed.</exception>
    public void Clear()
    {
        File.Delete(ManifestPath); // First: what is left without it counts for nothing.
        Sweep(keptPath: null);
        File.Delete(LogPath);
    }

    /// <summary>Removes a settled table. Only for the owner.</summary>
    /// <exception cref="IOException">It cannot be removed.</exception>
    public void DeleteTable(long number) => File.Delete(TablePathOf(number));

    /// <summary>Removes what interrupted saves left behind. Only for the owner.</summary>
    /// <param name="keptPath">The settled table that is in use.</param>
    /// <exception cref="IOException">Something cannot be removed.</exception>
    /// <exception cref="UnauthorizedAccessException">Something cannot be removed.</exception>
    public void Sweep(string? keptPath)
    {
        foreach (string path in Directory.EnumerateFiles(folder))
        {
            if (path != LogPath && path != ManifestPath && path != keptPath && Path.GetFileName(path) != LockName)
            {
                File.Delete(path);
            }
        }
    }

    /// <summary>Sees to it that what is saved is not used again. Where even that fails the next opening still checks
    /// every byte.</summary>
    public void Discredit()
    {
        if (!IsOwned)
        {
            return;
        }

        try
        {
            File.Delete(ManifestPath);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return;
        }
    }

    public void Dispose() => processLock?.Dispose();

    private static string FolderOf(string stateFolder, RepositoryId repository) =>
        Path.Join(stateFolder, "index", repository.ToString());
}
