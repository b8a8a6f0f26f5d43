using HyperVBackup.Format;
using HyperVBackup.Repository.Maps;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maps;

/// <summary>Roots worked out once from the pages of the format with b3sum and a few lines of Python.</summary>
public sealed class GoldenRootTests
{
    [Theory]
    [InlineData(1, 1, "ad7f2e58630fd082d4e056ee92fbb29f6a8dbc448d93e70eeef2dd9099d79965")]
    [InlineData(16, 1, "2fc90e238a3b0bee6357a5caafe2219834865aa0af44e0672bff7db6dc2d758a")]
    [InlineData(17, 1, "228661e154b0eba0fa9729ca7dbbb08fbc8faa7fc602750897db9353db3dedfc")]
    [InlineData(257, 1, "1ba9b692d865e0517070042b38d9884a0cb113b44e5eb5054b3cf720ab54710c")]
    [InlineData(5000, 7, "3715e223421b33b73cc8d657a4630f6455e5af65cd270e4caf34b50eb000a040")]
    [InlineData(40, int.MaxValue, "e19a4b2c6118ddb89d5ad2ef6507203fb9aab8cd9e6f8722adab13af440e6605")]
    public async Task Roots_never_change(int chunkCount, int every, string expected)
    {
        ChunkId[] chunks = [.. Enumerable.Range(1, chunkCount)
            .Select(number => number % every == 1 % every ? Disk.Id(number) : default)];
        chunks[0] = every == int.MaxValue ? default : chunks[0];
        var maps = new MemoryMaps();
        DiskMap map = await Disk.BuildAsync(maps, chunks);
        Assert.Equal(expected, map.Root(ContentHasher.Plain).ToString());
        Assert.Equal(NaiveTree.TopOf(chunks), map.Top);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(16, 1)]
    [InlineData(17, 2)]
    [InlineData(256, 2)]
    [InlineData(257, 3)]
    [InlineData(1L << 32, 8)]
    public void The_height_is_the_smallest_that_covers_every_chunk(long chunkCount, int height)
    {
        DiskMap map = DiskMap.Empty(Disk.ChunkSizeBytes, (chunkCount * Disk.ChunkSizeBytes) - 511);
        Assert.Equal((chunkCount, height), (map.ChunkCount, map.Height));
    }
}
