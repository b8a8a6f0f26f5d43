using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Storage.Tests;

public sealed class OverlayStoreTests : BlobStoreContract
{
    private readonly MemoryStore below = new();
    private readonly OverlayStore store;

    public OverlayStoreTests() => store = new OverlayStore(below);

    protected override IBlobStore Store => store;

    protected override DateTimeOffset ExpectedTime => DateTimeOffset.MinValue;

    protected override int TemporaryCount => store.TemporaryCount;

    [Fact]
    public async Task What_is_done_in_an_overlay_shows_there_and_leaves_the_store_below_as_it_is()
    {
        foreach (string name in (string[])["a/kept", "a/mended", "a/deleted"])
        {
            await below.TryPutAsync(new BlobName(name), new byte[] { 1, 2, 3 }, default);
        }

        below.Before = call => Assert.Contains(
            call.Kind, (StoreCallKind[])[StoreCallKind.Read, StoreCallKind.List, StoreCallKind.GetLength]);
        Assert.False(await store.TryPutAsync(new BlobName("a/kept"), new byte[1], default));
        Assert.True(await store.MendAsync(new BlobName("a/mended"), 1, new byte[] { 9 }, default));
        await store.DeleteAsync(new BlobName("a/deleted"), default);
        Assert.True(await store.TryPutAsync(new BlobName("a/new"), new byte[] { 7 }, default));
        Assert.Equal(["a/kept", "a/mended", "a/new"], await ListAsync(store, "a/"));
        Assert.Equal([1, 9, 3], await ReadAllAsync(store, "a/mended"));
        Assert.Equal([7], await ReadAllAsync(store, "a/new"));
        Assert.True(await store.TryPutAsync(new BlobName("a/deleted"), new byte[] { 5 }, default));
        Assert.Equal([5], await ReadAllAsync(store, "a/deleted"));
        below.Before = null;
        Assert.Equal([1, 2, 3], await ReadAllAsync(below, "a/mended"));
        Assert.Equal([1, 2, 3], await ReadAllAsync(below, "a/deleted"));
        Assert.Null(await ReadAllAsync(below, "a/new"));
    }
}
