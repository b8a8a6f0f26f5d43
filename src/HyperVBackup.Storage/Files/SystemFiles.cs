using System.IO.Enumeration;
using HyperVBackup.Storage.Native;

namespace HyperVBackup.Storage.Files;

/// <summary>The operating system's files. An error that is not plain absence is never taken for absence, which is
/// why <c>File.Exists</c> and the like are not used here.</summary>
/// <param name="root">The store's folder.</param>
internal sealed class SystemFiles(string root) : IStoreFiles
{
    private const FileAttributes Absent = (FileAttributes)(-1);

    private static readonly EnumerationOptions Everything = new()
    {
        AttributesToSkip = 0,
        IgnoreInaccessible = false,
    };

    public string NewSuffix() => SystemRandomness.NewSuffix();

    public IStoreFile CreateNew(string path) => Attempt("create", path, static path => new SystemFile(
        File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete), path));

    public IStoreFile? TryOpenRead(string path) =>
        Attempt("open", path, static path => TryOpen(path, FileAccess.Read));

    public IStoreFile? TryOpenWrite(string path) =>
        Attempt("open", path, static path => TryOpen(path, FileAccess.ReadWrite));

    public long? TryGetLength(string path) => Attempt<long?>("look at", path, static path =>
    {
        FileInfo file = new(path);
        return (file.Attributes & FileAttributes.Directory) != 0 ? null : file.Length;
    });

    public DateTimeOffset TimeOf(string path) => Attempt("look at", path, static path =>
    {
        FileInfo file = new(path);
        _ = file.Length; // throws where there is none; its time would be one of long ago
        return new DateTimeOffset(file.LastWriteTimeUtc);
    });

    public bool TryRename(string fromPath, string toPath) => DurableFile.TryRename(fromPath, toPath);

    public void Delete(string path) => Attempt("delete", path, path =>
    {
        string leaving = OperatingSystem.IsWindows() ? MoveAside(path) : path;
        try
        {
            File.Delete(leaving);
        }
        catch (Exception error) when (IsAbsence(error) || IsLeaving(error, leaving))
        {
            return leaving != path; // under its name it is gone
        }

        return true;
    });

    public bool FolderExists(string path) => Attempt("look at", path, static path =>
    {
        FileAttributes attributes = new FileInfo(path).Attributes;
        return attributes != Absent && (attributes & FileAttributes.Directory) != 0;
    });

    public string? NetworkMountOf(string folder) => Attempt("look at the mount of", folder, NetworkMount.Find);

    public void MakeFolder(string path) => Attempt("make the folder", path, static path =>
    {
        if (!Directory.Exists(Path.GetDirectoryName(path)))
        {
            throw new DirectoryNotFoundException($"There is no folder '{Path.GetDirectoryName(path)}'.");
        }

        return Directory.CreateDirectory(path);
    });

    public void FlushFolder(string path) => DurableFile.FlushFolder(path);

    public IReadOnlyList<StoreEntry> List(string folder) => Attempt<IReadOnlyList<StoreEntry>>(
        "list", folder, static folder =>
    {
        try
        {
            return [.. new FileSystemEnumerable<StoreEntry>(
                folder,
                static (ref entry) => new StoreEntry(entry.FileName.ToString(), entry.IsDirectory),
                Everything)];
        }
        catch (Exception error) when (IsAbsence(error))
        {
            return [];
        }
    });

    /// <summary>A file that anybody has open keeps its name on Windows after it was deleted, on many file systems and
    /// versions, and nobody may open it or take its name. So a blob is made a temporary file first.</summary>
    /// <returns>Where it is now.</returns>
    private string MoveAside(string path)
    {
        string name = Path.GetRelativePath(root, path).Replace(Path.DirectorySeparatorChar, '/');
        if (!BlobName.IsValid(name) || !File.Exists(path))
        {
            return path;
        }

        string folder = Path.Join(root, TemporaryName.Folder);
        string aside = Path.Join(folder, TemporaryName.Of(new BlobName(name), NewSuffix()));
        Directory.CreateDirectory(folder);
        try
        {
            return DurableFile.TryRename(path, aside) ? aside : path;
        }
        catch (StoreException)
        {
            return path; // Deleting says what keeps it.
        }
    }

    /// <summary>A temporary file on Windows that may not be deleted is deleted as a rule, and goes with its last
    /// reader; one that is not is found again by whoever looks for those left behind.</summary>
    private bool IsLeaving(Exception error, string path) =>
        OperatingSystem.IsWindows()
        && error is UnauthorizedAccessException or IOException
        && Path.GetRelativePath(root, path).StartsWith(TemporaryName.Folder, StringComparison.Ordinal);

    private static SystemFile? TryOpen(string path, FileAccess access)
    {
        try
        {
            FileShare share = FileShare.ReadWrite | FileShare.Delete;
            return new SystemFile(File.OpenHandle(path, FileMode.Open, access, share), path);
        }
        catch (Exception error) when (IsAbsence(error))
        {
            return null;
        }
    }

    private static bool IsAbsence(Exception error) => error is FileNotFoundException or DirectoryNotFoundException;

    private static T Attempt<T>(string attempt, string path, Func<string, T> work)
    {
        try
        {
            return work(path);
        }
        catch (Exception error) when (SystemError.IsFromSystem(error))
        {
            throw SystemError.ToException(error, attempt, path);
        }
    }
}
