namespace HyperVBackup.Storage.Tests;

public sealed class FolderStoreTests : BlobStoreContract, IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly FolderStore store;

    public FolderStoreTests() => store = new FolderStore(Root);

    protected override IBlobStore Store => store;

    protected override DateTimeOffset ExpectedTime
    {
        get
        {
            string beside = Path.Join(folder.Path, "now");
            File.WriteAllText(beside, "");
            return File.GetLastWriteTimeUtc(beside);
        }
    }

    protected override int TemporaryCount => Directory.Exists(Root)
        ? Directory.EnumerateFiles(Root, "*~*", SearchOption.AllDirectories).Count()
        : 0;

    private string Root => Path.Join(folder.Path, "deep", "repo");

    public void Dispose()
    {
        store.Dispose();
        folder.Dispose();
    }
}
