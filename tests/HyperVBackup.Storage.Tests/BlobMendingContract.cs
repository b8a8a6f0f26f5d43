using Xunit;

namespace HyperVBackup.Storage.Tests;

/// <summary>What every blob store promises of mending; part of <see cref="BlobStoreContract"/>.</summary>
public abstract class BlobMendingContract
{
    private static readonly CancellationToken None = CancellationToken.None;

    protected abstract IBlobStore Store { get; }

    /// <summary>The count of temporary files now in the store.</summary>
    protected abstract int TemporaryCount { get; }

    [Theory]
    [InlineData(0, 100_000)]
    [InlineData(40_000, 1)]
    [InlineData(99_990, 20)]
    [InlineData(100_000, 50_000)]
    [InlineData(100_500, 10)]
    [InlineData(500, 0)]
    [InlineData(200_000, 0)]
    public async Task Mending_writes_the_bytes_at_their_place_and_no_others(int offsetBytes, int lengthBytes)
    {
        BlobName name = new("packs/ab/x-0");
        byte[] content = Content(100_000, seed: 11);
        await Store.TryPutAsync(name, content, None);
        await ReadAllAsync(Store, name.Path);
        byte[] bytes = Content(lengthBytes, seed: 12);
        Assert.True(await Store.MendAsync(name, offsetBytes, bytes, None));
        byte[] expected = new byte[lengthBytes == 0 ? content.Length : Math.Max(100_000, offsetBytes + lengthBytes)];
        content.CopyTo(expected, 0);
        bytes.CopyTo(expected, lengthBytes == 0 ? 0 : offsetBytes);
        Assert.Equal(expected.Length, await Store.TryGetLengthAsync(name, None));
        Assert.Equal(expected, await ReadAllAsync(Store, name.Path));
        Assert.Equal(0, TemporaryCount);
    }

    /// <summary>What a collector deleted must not come back.</summary>
    [Fact]
    public async Task Mending_never_makes_a_blob()
    {
        BlobName name = new("packs/ab/x-0");
        await Store.TryPutAsync(name, Content(100_000, seed: 9), None);
        await ReadAllAsync(Store, name.Path);
        await Store.DeleteAsync(name, None);
        foreach (string missing in new[] { name.Path, "packs/ab/x-1", "points/x", "packs/ab", "packs" })
        {
            Assert.False(await Store.MendAsync(new BlobName(missing), 0, new byte[1], None));
        }

        Assert.Empty(await ListAsync(Store, ""));
    }

    [Fact]
    public async Task A_blob_deleted_while_it_is_mended_stays_deleted()
    {
        byte[] content = Content(200_000, seed: 13);
        for (int index = 0; index < 40; index++)
        {
            BlobName name = new($"packs/ab/x-{index}");
            await Store.TryPutAsync(name, content, None);
            Task<bool>[] mends =
                [.. Enumerable.Range(0, 4).Select(at => Store.MendAsync(name, at * 1000, content, None))];
            await Store.DeleteAsync(name, None);
            await Task.WhenAll(mends);
            Assert.Null(await Store.TryGetLengthAsync(name, None));
        }

        Assert.Empty(await ListAsync(Store, ""));
    }

    protected static byte[] Content(int lengthBytes, int seed)
    {
        byte[] content = new byte[lengthBytes];
        new Random(seed).NextBytes(content);
        return content;
    }

    protected static async Task<byte[]?> ReadAllAsync(IBlobStore store, string name)
    {
        if (await store.TryGetLengthAsync(new BlobName(name), None) is not { } lengthBytes)
        {
            return null;
        }

        byte[] content = new byte[lengthBytes];
        Assert.Equal(content.Length, await store.TryReadAsync(new BlobName(name), 0, content, None));
        return content;
    }

    /// <returns>The names in their order.</returns>
    protected static async Task<string[]> ListAsync(IBlobStore store, string prefix)
    {
        List<string> names = [];
        await foreach (BlobName name in store.ListAsync(prefix, None))
        {
            names.Add(name.Path);
        }

        return [.. names.Order(StringComparer.Ordinal)];
    }
}
