namespace HyperVBackup.Hosts.Configurations;

/// <summary>Files at their paths, as this machine sees them.</summary>
/// <param name="deleteUnfinished">Takes away what is left beside a file of who was killed while writing it.</param>
public sealed class HostFiles(Action<string>? deleteUnfinished = null) : IHostFiles
{
    public IReadOnlyList<string> FilesLike(string path) => Try(path, "look beside", () =>
    {
        string folder = Path.GetDirectoryName(path) ?? "";
        string name = Path.GetFileNameWithoutExtension(path);
        return (IReadOnlyList<string>)(!Directory.Exists(folder)
            ? []
            : [.. Directory.EnumerateFiles(folder)
                .Where(file => string.Equals(
                    Path.GetFileNameWithoutExtension(file), name, StringComparison.OrdinalIgnoreCase))
                .Order(StringComparer.Ordinal)]);
    });

    public long LengthOf(string path) => Try(path, "look at", () => new FileInfo(path).Length);

    public Stream Open(string path) => Try<Stream>(path, "open", () => new FileStream(
        path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0));

    public bool IsEmptyFolder(string path) => Try(path, "look into", () => File.Exists(path)
        ? throw new IOException("A file has that name.")
        : !Directory.Exists(path) || !Directory.EnumerateFileSystemEntries(path).Any());

    public void Delete(string path) => Try(path, "remove", () =>
    {
        if (File.Exists(path))
        {
            File.Delete(path);
        }

        return true;
    });

    public void DeleteUnfinished(string path) => Try(path, "remove what was left beside", () =>
    {
        if (Directory.Exists(Path.GetDirectoryName(path)))
        {
            deleteUnfinished?.Invoke(path);
        }

        return true;
    });

    public void DeleteFolder(string path) => Try(path, "remove", () =>
    {
        if (Directory.Exists(path) && !Directory.EnumerateFileSystemEntries(path).Any())
        {
            Directory.Delete(path);
        }

        return true;
    });

    private static T Try<T>(string path, string what, Func<T> act)
    {
        try
        {
            return act();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new HostException($"Cannot {what} '{path}': {failure.Message}", 0, failure);
        }
    }
}
