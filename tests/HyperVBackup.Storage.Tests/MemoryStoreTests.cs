using HyperVBackup.Testing.Stores;

namespace HyperVBackup.Storage.Tests;

public sealed class MemoryStoreTests : BlobStoreContract
{
    private readonly MemoryStore store = new();

    protected override IBlobStore Store => store;

    protected override int TemporaryCount => store.TemporaryCount;
}
