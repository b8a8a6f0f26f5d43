using HyperVBackup.Hosts.Configurations;

namespace HyperVBackup.Cli.Tests.Hosting;

/// <summary>Files whose paths begin with two slashes, as those on a share do: the system answers with one.</summary>
internal sealed class ShareFiles : IHostFiles
{
    private readonly HostFiles files = new();

    public IReadOnlyList<string> FilesLike(string path) => [.. files.FilesLike(path).Select(
        file => path.StartsWith("//", StringComparison.Ordinal) ? "//" + file.TrimStart('/') : file)];

    public long LengthOf(string path) => files.LengthOf(path);

    public Stream Open(string path) => files.Open(path);

    public bool IsEmptyFolder(string path) => files.IsEmptyFolder(path);

    public void Delete(string path) => files.Delete(path);

    public void DeleteUnfinished(string path) => files.DeleteUnfinished(path);

    public void DeleteFolder(string path) => files.DeleteFolder(path);
}
