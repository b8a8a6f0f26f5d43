using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Packs;

/// <summary>A guest that stores what looks like records, in a pack that lost its footer.</summary>
public sealed class PackScanTests
{
    private const int ChunkBytes = 64 << 10;
    private const int ForgedAt = 20_000;
    private static readonly RepositoryId Repository = new([7, .. new byte[RepositoryId.SizeBytes - 1]]);
    private static readonly PackName Pack = new(PackKind.Chunks, DeltaPack.SessionOf(7), 0);
    private readonly MemoryStore store = new();
    private readonly byte[] guest = Random(1);
    private readonly byte[] wanted = Random(2);
    private readonly byte[] other = Random(3);
    private readonly byte[] last = [.. Random(4).AsSpan(0, ChunkBytes - 4096), .. new byte[4096]];

    [Theory]
    [InlineData("")]
    [InlineData("body")]
    [InlineData("header")]
    public async Task What_a_guest_made_look_like_a_chunk_is_not_taken_for_one(string damage)
    {
        ChunkId forgedWhole = DeltaPack.IdOf(Random(8));
        ChunkId forgedRecipe = DeltaPack.IdOf(Random(9));
        Recipe recipe = DeltaPack.RecipeOf(other, (other, default));
        byte[] record = new byte[ChunkRecord.EncodedSizeMax(ChunkBytes)];
        byte[] small = new byte[16 << 10];
        small[0] = 1;
        int wholeBytes = ChunkRecord.Encode(forgedWhole, small, PagesOf(small), Compression.None, record);
        record.AsSpan(0, wholeBytes).CopyTo(guest.AsSpan(ForgedAt));
        int recipeBytes = DeltaRecord.Write(forgedRecipe, recipe, record);
        record.AsSpan(0, recipeBytes).CopyTo(guest.AsSpan(ForgedAt + wholeBytes));

        RecordPlace outer = await MakePackAsync(recipe);
        byte[] bytes = store[new BlobName(Pack.BlobName)];
        bytes[^1] ^= 1;
        bytes[outer.OffsetBytes + (damage == "header" ? 16 : outer.LengthBytes - 1)] ^= (byte)(damage == "" ? 0 : 1);

        PackTable? found = await PackScan.TryReadAsync(store, Repository, Pack, Pack.BlobName, default);
        Assert.NotNull(found);
        Assert.Empty(found.FindAll(forgedWhole.Value));
        Assert.Equal(damage == "header", found.FindAll(forgedRecipe.Value).Count > 0); // which no restore believes
        Assert.Equal(damage == "" ? 1 : 0, found.FindAll(DeltaPack.IdOf(guest).Value).Count);
        Assert.Single(found.FindAll(DeltaPack.IdOf(other).Value), entry => entry.Type == RecordType.Whole);
        Assert.Single(found.FindAll(DeltaPack.IdOf(wanted).Value));
        Assert.Single(found.FindAll(DeltaPack.IdOf(last).Value));
    }

    /// <summary>The guest's chunk, another, a recipe, and a chunk with a page of zeros.</summary>
    private async Task<RecordPlace> MakePackAsync(Recipe recipe)
    {
        await using DeltaPack pack = await DeltaPack.CreateAsync(store, Repository, Pack, ChunkBytes / 4096);
        RecordPlace outer = await pack.AddAsync(guest);
        await pack.AddAsync(other);
        await pack.AddAsync(DeltaPack.IdOf(wanted), recipe);
        await pack.AddAsync(last);
        await pack.PublishAsync();
        return outer;
    }

    private static byte[] Random(int seed)
    {
        byte[] bytes = new byte[ChunkBytes];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static Digest[] PagesOf(byte[] chunk)
    {
        Digest[] pages = new Digest[chunk.Length / 4096];
        ContentHasher.Plain.IdOfChunk(chunk, pages);
        return pages;
    }
}
