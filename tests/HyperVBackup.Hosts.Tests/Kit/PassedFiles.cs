using HyperVBackup.Hosts.Configurations;

namespace HyperVBackup.Hosts.Tests.Kit;

/// <summary>A host's files, for tests to change what is said of them.</summary>
internal abstract class PassedFiles(IHostFiles files) : IHostFiles
{
    public virtual IReadOnlyList<string> FilesLike(string path) => files.FilesLike(path);

    public virtual long LengthOf(string path) => files.LengthOf(path);

    public virtual Stream Open(string path) => files.Open(path);

    public virtual bool IsEmptyFolder(string path) => files.IsEmptyFolder(path);

    public virtual void Delete(string path) => files.Delete(path);

    public virtual void DeleteUnfinished(string path) => files.DeleteUnfinished(path);

    public virtual void DeleteFolder(string path) => files.DeleteFolder(path);
}
