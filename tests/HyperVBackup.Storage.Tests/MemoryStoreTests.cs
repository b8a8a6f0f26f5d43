using HyperVBackup.Testing.Stores;

namespace HyperVBackup.Storage.Tests;

public sealed class MemoryStoreTests : BlobStoreContract
{
    private readonly MemoryStore store = new();

    protected override IBlobStore Store => store;

    protected override DateTimeOffset ExpectedTime => store.Time = new DateTimeOffset(2026, 1, 2, 3, 4, 5, default);

    protected override int TemporaryCount => store.TemporaryCount;
}
