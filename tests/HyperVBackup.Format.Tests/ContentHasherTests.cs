using HyperVBackup.Blake3;
using HyperVBackup.Format.Limits;
using Xunit;

namespace HyperVBackup.Format.Tests;

public static class ContentHasherTests
{
    [Fact]
    public static void A_chunk_of_zeros_has_the_zero_id_and_zero_page_hashes()
    {
        Digest[] hashes = [.. Enumerable.Repeat(new Sample(1).Digest(), 16)];
        Assert.True(ContentHasher.Plain.IdOfChunk(new byte[64 * 1024], hashes).IsZero);
        Assert.All(hashes, hash => Assert.True(hash.IsZero));
        Assert.True(ContentHasher.Plain.IdOfPages(hashes).IsZero);
    }

    [Theory]
    [InlineData(FormatLimits.ChunkSizeMinBytes)]
    [InlineData(FormatLimits.ChunkSizeDefaultBytes)]
    [InlineData(FormatLimits.ChunkSizeMaxBytes)]
    public static void The_id_is_the_derived_hash_of_the_hashes_of_the_pages(int chunkSizeBytes)
    {
        byte[] chunk = new Sample(2).Chunk(chunkSizeBytes);
        Digest[] hashes = new Digest[chunkSizeBytes / FormatLimits.PageSizeBytes];
        ChunkId id = ContentHasher.Plain.IdOfChunk(chunk, hashes);
        byte[] expected = new byte[hashes.Length * Digest.SizeBytes];
        for (int page = 0; page < hashes.Length; page++)
        {
            ReadOnlySpan<byte> bytes = chunk.AsSpan(page * FormatLimits.PageSizeBytes, FormatLimits.PageSizeBytes);
            if (bytes.ContainsAnyExcept((byte)0))
            {
                Blake3Mode.Plain.Hash(bytes, expected.AsSpan(page * Digest.SizeBytes, Digest.SizeBytes));
            }

            Assert.Equal(new Digest(expected.AsSpan(page * Digest.SizeBytes, Digest.SizeBytes)), hashes[page]);
        }

        byte[] hash = new byte[Digest.SizeBytes];
        Blake3Mode.DeriveKey("HyperVBackup 2026 chunk").Hash(expected, hash);
        Assert.Equal(new Digest(hash), id.Value);
    }

    [Theory]
    [InlineData(FormatLimits.ChunkSizeMinBytes)]
    [InlineData(FormatLimits.ChunkSizeDefaultBytes)]
    [InlineData(2 * FormatLimits.ChunkSizeDefaultBytes)]
    public static void Chunks_side_by_side_have_the_ids_that_each_has_alone(int chunkSizeBytes)
    {
        const int CountMax = 37;
        Sample sample = new(6);
        int pagesPerChunk = chunkSizeBytes / FormatLimits.PageSizeBytes;
        for (int count = 1; count <= CountMax; count++)
        {
            byte[] chunks = sample.Bytes(count * chunkSizeBytes);
            for (int page = 0; page < count * pagesPerChunk; page++)
            {
                bool isOfZeroChunk = page / pagesPerChunk % 5 == 3;
                if (isOfZeroChunk || page % 7 == count % 7)
                {
                    chunks.AsSpan(page * FormatLimits.PageSizeBytes, FormatLimits.PageSizeBytes).Clear();
                }
            }

            Digest[] pages = [.. Enumerable.Repeat(sample.Digest(), count * pagesPerChunk)];
            ChunkId[] ids = [.. Enumerable.Repeat(new ChunkId(sample.Digest()), count)];
            ContentHasher.Plain.IdsOfChunks(chunks, pages, ids);
            for (int number = 0; number < count; number++)
            {
                Digest[] own = new Digest[pagesPerChunk];
                ReadOnlySpan<byte> chunk = chunks.AsSpan(number * chunkSizeBytes, chunkSizeBytes);
                Assert.Equal(ContentHasher.Plain.IdOfChunk(chunk, own), ids[number]);
                Assert.Equal(own, pages[(number * pagesPerChunk)..((number + 1) * pagesPerChunk)]);
            }
        }
    }

    [Fact]
    public static void Every_kind_of_id_has_a_context_of_its_own()
    {
        byte[] bytes = new Sample(3).Bytes(Digest.SizeBytes);
        Digest[] ids =
        [
            ContentHasher.Plain.IdOfPages([new Digest(bytes)]).Value,
            ContentHasher.Plain.IdOfNode(bytes).Value,
            ContentHasher.Plain.IdOfList(bytes).Value,
        ];
        Assert.Equal(ids.Length, ids.Distinct().Count());
    }

    [Fact]
    public static void The_root_depends_on_both_sizes_and_the_top_node()
    {
        NodeId top = new(new Sample(4).Digest());
        DiskRoot[] roots =
        [
            ContentHasher.Plain.RootOf(65536, 1 << 20, top),
            ContentHasher.Plain.RootOf(16384, 1 << 20, top),
            ContentHasher.Plain.RootOf(65536, 1 << 21, top),
            ContentHasher.Plain.RootOf(65536, 1 << 20, default),
        ];
        Assert.Equal(roots.Length, roots.Distinct().Count());
    }

    [Fact]
    public static void Hashing_encoding_and_decoding_allocate_nothing_in_steady_state()
    {
        byte[] chunk = new Sample(5).Chunk(FormatLimits.ChunkSizeDefaultBytes);
        Digest[] hashes = new Digest[chunk.Length / FormatLimits.PageSizeBytes];
        byte[] record = new byte[Records.ChunkRecord.EncodedSizeMax(chunk.Length)];
        byte[] decoded = new byte[chunk.Length];
        foreach (string codec in new[] { "none", "lz4", "zstd:1" })
        {
            Assert.True(Codecs.Compression.TryParse(codec, out Codecs.Compression compression));
            void Work()
            {
                ChunkId id = ContentHasher.Plain.IdOfChunk(chunk, hashes);
                Records.ChunkRecord.Encode(id, chunk, hashes, compression, record);
                Records.ChunkRecord.Decode(record, decoded);
            }

            Work();
            Work();
            long before = GC.GetAllocatedBytesForCurrentThread();
            Work();
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }
}
