using HyperVBackup.Format;
using HyperVBackup.Repository.Index;

namespace HyperVBackup.Repository.Tests.Index;

/// <summary>A state folder of its own for one test, removed with it.</summary>
internal sealed class StateFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("hvbackup-index-").FullName;

    public string FolderOf(RepositoryId repository) => Path.Join(Root, "index", repository.ToString());

    public string ManifestOf(RepositoryId repository) => Path.Join(FolderOf(repository), "manifest");

    public string LogOf(RepositoryId repository) => Path.Join(FolderOf(repository), "log");

    public IChunkIndex Open(RepositoryId repository, long budgetBytes = IndexSample.SmallBudgetBytes) =>
        ChunkIndexFolder.Open(Root, repository, budgetBytes);

    public IChunkIndex OpenSettling(RepositoryId repository, int saveCount, int addCount) => ChunkIndexFolder.Open(
        Root, repository, IndexSample.SmallBudgetBytes, new Watchdog(ChunkIndexFolder.Patience),
        IndexSample.SettlingSizes(saveCount, addCount));

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
