using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Storage.Tests;

public sealed class RecordedFolderStoreTests : BlobStoreContract, IDisposable
{
    private readonly RecordingFiles disk = new() { ReadBytesMax = 60_000 };
    private readonly FolderStore store;

    public RecordedFolderStoreTests() => store = new FolderStore("/repo", disk);

    protected override IBlobStore Store => store;

    protected override DateTimeOffset ExpectedTime => disk.Time = new DateTimeOffset(2026, 1, 2, 3, 4, 5, default);

    protected override int TemporaryCount =>
        disk.FilePaths.Count(path => path.StartsWith("/repo/.tmp/", StringComparison.Ordinal));

    public void Dispose()
    {
        store.Dispose();
        Assert.Equal(0, disk.OpenCount);
    }
}
