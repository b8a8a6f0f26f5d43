using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Pages;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Pages;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Sessions;

/// <summary>A bit flips anywhere between the hashing of a chunk and the store: nothing of it is published.</summary>
public sealed class MemoryFaultTests
{
    private const int ChunkSizeBytes = SampleRepository.ChunkSizeBytes;

    [Fact]
    public void A_bit_that_flips_in_a_chunk_after_it_was_hashed_is_noticed()
    {
        byte[] chunk = SampleRepository.Chunk(3);
        (ChunkId id, Digest[] pages) = SampleRepository.Hash(chunk);
        for (int at = 4096; at < chunk.Length; at += 97)
        {
            chunk[at] ^= 1;
            RequireSentence(Assert.Throws<MemoryFaultException>(() => Encode(NewEncoder(), id, chunk, pages)));
            chunk[at] ^= 1;
        }

        Encode(NewEncoder(), id, chunk, pages);
    }

    /// <summary>A flip of the checksum itself is for the look before the bytes are written.</summary>
    [Theory]
    [InlineData(Codec.Lz4)]
    [InlineData(Codec.None)]
    public void A_bit_that_flips_in_what_was_encoded_is_noticed_before_or_when_it_is_written(Codec codec)
    {
        Compression compression = codec == Codec.Lz4 ? Compression.Lz4 : Compression.None;
        byte[] chunk = SampleRepository.Chunk(3);
        (ChunkId id, Digest[] pages) = SampleRepository.Hash(chunk);
        byte[] output = new byte[ChunkEncoder.EncodedSizeMax(ChunkSizeBytes)];
        PackEntry entry = new ChunkEncoder(ContentHasher.Plain, compression).Encode(id, chunk, pages, output);
        int step = codec == Codec.Lz4 ? 1 : 53;
        for (int at = 0; at < entry.LengthBytes; at += step)
        {
            ChunkEncoder encoder = new(ContentHasher.Plain, compression)
            {
                Fault = bytes => bytes[at] ^= 0x10,
            };
            MemoryFaultException fault = Assert.Throws<MemoryFaultException>(() =>
            {
                PackEntry encoded = encoder.Encode(id, chunk, pages, output);
                PackSeal seal = new(new PackName(PackKind.Chunks, default, 0));
                seal.Note(encoded);
                seal.RequireRecords(output.AsSpan(0, (int)encoded.LengthBytes));
            });
            RequireSentence(fault);
        }
    }

    [Fact]
    public void A_bit_that_flips_in_a_recipe_is_noticed()
    {
        int[] pages = PageSample.Run(1);
        (ChunkId source, Digest[] hashes) = PageSample.Hash(pages);
        pages[5] = 100;
        (ChunkId id, Digest[] newHashes) = PageSample.Hash(pages);
        RecordPlace place = new(new PackName(PackKind.Chunks, new SessionId("some session id."u8), 0), 144, 500);
        RecipePage?[] taken = [.. Enumerable.Range(0, PageSample.PagesPerChunk)
            .Select(page => page == 5 ? (RecipePage?)null : new RecipePage(0, (ushort)page))];
        ChunkPlan plan = new([new PageSource(source.Value, place, hashes)], taken);
        NewChunk chunk = new(id, newHashes, place);
        Assert.Equal(2, EncodePlanned(null));
        int lengthBytes = 0;
        Assert.Equal(2, EncodePlanned(bytes => lengthBytes = bytes.Length)); // the recipe is the last
        for (int at = 0; at < lengthBytes; at++)
        {
            int call = 0;
            RequireSentence(Assert.Throws<MemoryFaultException>(() => EncodePlanned(bytes =>
            {
                if (++call == 2)
                {
                    bytes[at] ^= 4;
                }
            })));
        }

        int EncodePlanned(BufferFault? fault) =>
            new ChunkEncoder(ContentHasher.Plain, Compression.Lz4) { Fault = fault }.Encode(
                plan, chunk, PageSample.Chunk(pages), new Digest[PageSample.PagesPerChunk],
                new byte[ChunkEncoder.EncodedSizeMax(PageSample.ChunkSizeBytes)],
                new EncodedRecord[ChunkEncoder.RecordCountMax]);
    }

    [Fact]
    public async Task A_bit_that_flips_in_a_node_or_list_is_noticed()
    {
        ListId list = ContentHasher.Plain.IdOfList([1, 2, 3]);
        MapNode node = MapNode.Read(NodeBody());
        NodeId id = ContentHasher.Plain.IdOfNode(MapNode.HashedPartOf(NodeBody()));
        for (int at = 0; at < 72 + NodeBody().Length; at++)
        {
            MemoryStore store = new();
            await using SessionMaps maps = new(
                store, default, new SessionId(new byte[16]), ContentHasher.Plain, Compression.None)
            {
                Fault = bytes => bytes[Math.Min(at, bytes.Length - 1)] ^= 8,
            };
            RequireSentence(await Assert.ThrowsAsync<MemoryFaultException>(
                async () => await maps.WriteNodeAsync(id, node, default)));
            RequireSentence(await Assert.ThrowsAsync<MemoryFaultException>(
                async () => await maps.WriteListAsync(list, new byte[] { 1, 2, 3 }, default)));
        }
    }

    [Fact]
    public async Task A_bit_that_flips_between_encoding_and_writing_publishes_nothing()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        int lengthBytes = (int)SampleRepository.Encode(1, out _).Entry.LengthBytes;
        for (int at = 0; at < lengthBytes; at += 7)
        {
            await using (WritingSession session =
                await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default))
            {
                EncodedRecord encoded = SampleRepository.Encode(1, out byte[] record);
                record[at] ^= 2;
                RequireSentence(await Assert.ThrowsAsync<MemoryFaultException>(async () =>
                    await session.StoreAsync(new[] { encoded }, record, new RecordPlace[1], default)));
            }

            Assert.Empty(sample.NamesIn("packs/"));
        }
    }

    [Theory]
    [InlineData("hash")]
    [InlineData("id")]
    [InlineData("length")]
    public async Task A_bit_that_flips_in_what_the_footer_says_publishes_nothing(string what)
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await using (WritingSession session =
            await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default))
        {
            EncodedRecord encoded = SampleRepository.Encode(1, out byte[] record);
            Digest[] pages = encoded.PageHashes.ToArray();
            pages[1] = what == "hash" ? SampleRepository.IdOf(5).Value : pages[1];
            PackEntry entry = what switch
            {
                "id" => encoded.Entry with { Id = SampleRepository.IdOf(2).Value },
                "length" => encoded.Entry with { LengthBytes = encoded.Entry.LengthBytes - 1 },
                _ => encoded.Entry,
            };
            RequireSentence(await Assert.ThrowsAsync<MemoryFaultException>(async () =>
            {
                EncodedRecord[] changed = [new(entry, pages)];
                await session.StoreAsync(changed, record, new RecordPlace[1], default);
                await session.FlushAsync(default);
            }));
        }

        Assert.Empty(sample.NamesIn("packs/"));
    }

    private static ChunkEncoder NewEncoder() => new(ContentHasher.Plain, Compression.Lz4);

    private static PackEntry Encode(ChunkEncoder encoder, ChunkId id, byte[] chunk, Digest[] pages) =>
        encoder.Encode(id, chunk, pages, new byte[ChunkEncoder.EncodedSizeMax(ChunkSizeBytes)]);

    private static byte[] NodeBody()
    {
        const byte UnknownPlace = 31;
        byte[] id = new byte[Digest.SizeBytes];
        id[0] = 7;
        return [1, 0, 1, 0, .. id, 0, UnknownPlace];
    }

    private static void RequireSentence(MemoryFaultException fault)
    {
        Assert.Contains("memory", fault.Message, StringComparison.Ordinal);
        Assert.Contains("No restore point was made", fault.Message, StringComparison.Ordinal);
    }
}
