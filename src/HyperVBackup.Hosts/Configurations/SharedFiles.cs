using HyperVBackup.Hosts.VirtualDisks;

namespace HyperVBackup.Hosts.Configurations;

/// <summary>Another node's files as this host sees them: only those on shares and cluster shared volumes, as with
/// <see cref="SharedDisks"/>.</summary>
/// <param name="files">This host's.</param>
/// <param name="node">The node, for messages.</param>
public sealed class SharedFiles(IHostFiles files, string node) : IHostFiles
{
    public IReadOnlyList<string> FilesLike(string path) => files.FilesLike(Require(path));

    public long LengthOf(string path) => files.LengthOf(Require(path));

    public Stream Open(string path) => files.Open(Require(path));

    public bool IsEmptyFolder(string path) => files.IsEmptyFolder(Require(path));

    public void Delete(string path) => files.Delete(Require(path));

    public void DeleteUnfinished(string path) => files.DeleteUnfinished(Require(path));

    public void DeleteFolder(string path) => files.DeleteFolder(Require(path));

    private string Require(string path) => SharedDisks.Require(path, node);
}
