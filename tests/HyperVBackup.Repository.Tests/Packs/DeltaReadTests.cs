using FsCheck.Xunit;
using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Testing.Stores;
using HyperVBackup.Storage;
using Xunit;

namespace HyperVBackup.Repository.Tests.Packs;

/// <summary>Chunks that recipes put together are read right or not at all.</summary>
public sealed class DeltaReadTests
{
    private const int ChunkSizeBytes = 32 << 10;
    private const int PageCount = ChunkSizeBytes / FormatLimits.PageSizeBytes;
    private static readonly RepositoryId Repository = new("some repository."u8);

    private MemoryStore store = new();

    /// <summary>Random chunks of random pages, some of zeros, from random slots of up to nine sources in two packs;
    /// hints right, wrong or unknown.</summary>
    [Property(MaxTest = 60)]
    public async Task Any_chunk_that_any_recipe_makes_is_read_back(int seed)
    {
        store = new MemoryStore();
        Random random = new(seed);
        await using DeltaPack first = await DeltaPack.CreateAsync(store, Repository, 1, PageCount);
        await using DeltaPack second = await DeltaPack.CreateAsync(store, Repository, 2, PageCount);
        (byte[] Pages, RecordPlace Place)[] sources = new (byte[], RecordPlace)[12];
        for (int number = 0; number < sources.Length; number++)
        {
            byte[] pages = RandomChunk(random);
            sources[number] = (pages, await (random.Next(2) == 0 ? first : second).AddAsync(pages));
        }

        List<(byte[] Chunk, RecordPlace Place)> made = [];
        for (int count = 0; count < 20; count++)
        {
            (ChunkId id, byte[] chunk, Recipe recipe) = RandomRecipe(random, sources);
            made.Add((chunk, await second.AddAsync(id, recipe)));
        }

        await first.PublishAsync();
        await second.PublishAsync();
        MapChunk[] wanted =
            [.. made.Select(delta => new MapChunk(DeltaPack.IdOf(delta.Chunk), Blur(random, delta.Place)))];
        (byte[] bytes, RecordsRead read) = await ReadBatchAsync(wanted, random.Next(200_000));
        for (int number = 0; number < made.Count; number++)
        {
            byte[] chunk = new byte[ChunkSizeBytes];
            await New().ReadChunkAsync(wanted[number].Id, wanted[number].Place, chunk, default);
            Assert.Equal(made[number].Chunk, chunk);
            Assert.Equal(chunk, bytes.AsSpan(number * ChunkSizeBytes, ChunkSizeBytes));
        }

        Assert.InRange(read.RecipeCount, 0, made.Count);
    }

    [Theory]
    [InlineData("flipped", true)]
    [InlineData("flipped", false)]
    [InlineData("gone", true)]
    [InlineData("gone", false)]
    [InlineData("other", true)]
    [InlineData("other", false)]
    public async Task A_source_that_is_not_good_is_noticed_and_any_other_record_of_it_serves(string how, bool isFirst)
    {
        (byte[][] sources, RecordPlace[] places, MapChunk wanted, byte[] chunk) = await OneDeltaAsync();
        int number = isFirst ? 0 : 1;
        BlobName name = new(places[number].Pack.BlobName);
        if (how == "flipped")
        {
            store[name][places[number].OffsetBytes + 100] ^= 1;
        }
        else
        {
            await store.DeleteAsync(name, default);
        }

        if (how == "other")
        {
            // A good record lies where the source lay, but not of the pages that are asked for.
            await using DeltaPack other =
                await DeltaPack.CreateAsync(store, Repository, places[number].Pack, PageCount);
            Assert.Equal(places[number].OffsetBytes, (await other.AddAsync(sources[1 - number])).OffsetBytes);
            await other.PublishAsync();
        }

        await Assert.ThrowsAsync<RepositoryDamagedException>(() => ReadAsync(wanted));
        await Assert.ThrowsAsync<RepositoryDamagedException>(() => ReadBatchAsync([wanted], 1 << 20));
        await AddPackAsync(9, sources[number]);
        Assert.Equal(chunk, await ReadAsync(wanted));
        Assert.Equal(chunk, (await ReadBatchAsync([wanted], 1 << 20)).Bytes);
    }

    [Fact]
    public async Task Of_several_copies_the_dangling_wrong_and_damaged_are_passed_over()
    {
        (byte[][] sources, RecordPlace[] places, MapChunk wanted, byte[] chunk) = await OneDeltaAsync();
        byte[] nowhere = RandomChunk(new Random(77));
        byte[] mixed = [.. chunk];
        DeltaPack.PageOf(nowhere, 0).CopyTo(DeltaPack.PageOf(mixed, 0));
        await using (DeltaPack pack = await DeltaPack.CreateAsync(store, Repository, 5, PageCount))
        {
            Recipe inVain = DeltaPack.RecipeOf(
                mixed, (nowhere, default), (sources[0], places[0]), (sources[1], places[1]));
            RecordPlace dangling = await pack.AddAsync(wanted.Id, inVain);
            RecordPlace wrong = await pack.AddAsync(
                wanted.Id, DeltaPack.RecipeOf(sources[0], (sources[0], places[0])));
            await pack.PublishAsync();
            foreach (RecordPlace hint in (RecordPlace[])[dangling, wrong])
            {
                Assert.Equal(chunk, await ReadAsync(wanted with { Place = hint }));
                Assert.Equal(chunk, (await ReadBatchAsync([wanted with { Place = hint }], 1 << 20)).Bytes);
            }
        }

        await store.DeleteAsync(new BlobName(wanted.Place.Pack.BlobName), default);
        await Assert.ThrowsAsync<RepositoryDamagedException>(() => ReadAsync(wanted));
        await AddPackAsync(9, chunk);
        Assert.Equal(chunk, await ReadAsync(wanted));
    }

    [Fact]
    public async Task A_chunk_that_is_itself_a_delta_is_nobodys_source()
    {
        (_, _, MapChunk inner, byte[] chunk) = await OneDeltaAsync();
        await using DeltaPack pack = await DeltaPack.CreateAsync(store, Repository, 5, PageCount);
        byte[] turned = [.. chunk[(ChunkSizeBytes / 2)..], .. chunk[..(ChunkSizeBytes / 2)]];
        RecordPlace place = await pack.AddAsync(
            DeltaPack.IdOf(turned), DeltaPack.RecipeOf(turned, (chunk, inner.Place)));
        await pack.PublishAsync();
        MapChunk outer = new(DeltaPack.IdOf(turned), place);
        await Assert.ThrowsAsync<RepositoryDamagedException>(() => ReadAsync(outer));
        await Assert.ThrowsAsync<RepositoryDamagedException>(() => ReadBatchAsync([outer], 1 << 20));
        await AddPackAsync(9, chunk);
        Assert.Equal(turned, await ReadAsync(outer));
    }

    [Fact]
    public async Task A_page_of_zeros_is_never_taken_from_a_record_that_does_not_hold_it()
    {
        byte[] from = new byte[ChunkSizeBytes];
        byte[] chunk = new byte[ChunkSizeBytes];
        DeltaPack.PageOf(from, 1).Fill(1);
        DeltaPack.PageOf(chunk, 0).Fill(1);
        RecipeSource source = new(DeltaPack.IdOf(from).Value, await AddPackAsync(1, from));
        RecipePage[] pages = [.. Enumerable.Repeat(RecipePage.Zero, PageCount)];
        pages[0] = new RecipePage(Source: 0, Slot: 1);
        Recipe right = Recipe.Make([source], pages);
        pages[1] = new RecipePage(Source: 0, Slot: 0);
        await using DeltaPack pack = await DeltaPack.CreateAsync(store, Repository, 5, PageCount);
        MapChunk wanted = new(
            DeltaPack.IdOf(chunk), await pack.AddAsync(DeltaPack.IdOf(chunk), Recipe.Make([source], pages)));
        await pack.PublishAsync();
        await Assert.ThrowsAsync<RepositoryDamagedException>(() => ReadAsync(wanted));
        await Assert.ThrowsAsync<RepositoryDamagedException>(() => ReadBatchAsync([wanted], 1 << 20));
        await using DeltaPack other = await DeltaPack.CreateAsync(store, Repository, 6, PageCount);
        await other.AddAsync(wanted.Id, right);
        await other.PublishAsync();
        Assert.Equal(chunk, await ReadAsync(wanted));
        Assert.Equal(chunk, (await ReadBatchAsync([wanted], 1 << 20)).Bytes);
    }

    [Fact]
    public async Task A_record_that_many_take_pages_from_is_read_once_while_it_is_kept()
    {
        const int DeltaCount = 40;
        Random random = new(3);
        byte[] shared = RandomChunk(random);
        List<MapChunk> wanted = [];
        List<byte> expected = [];
        await using DeltaPack pack = await DeltaPack.CreateAsync(store, Repository, 1, PageCount);
        RecordPlace sharedPlace = await pack.AddAsync(shared);
        for (int number = 0; number < DeltaCount; number++)
        {
            byte[] own = new byte[ChunkSizeBytes];
            random.NextBytes(DeltaPack.PageOf(own, 3));
            byte[] chunk = [.. shared];
            DeltaPack.PageOf(own, 3).CopyTo(DeltaPack.PageOf(chunk, 3));
            RecordPlace ownPlace = await pack.AddAsync(own);
            wanted.Add(new MapChunk(
                DeltaPack.IdOf(chunk),
                await pack.AddAsync(
                    DeltaPack.IdOf(chunk), DeltaPack.RecipeOf(chunk, (shared, sharedPlace), (own, ownPlace)))));
            expected.AddRange(chunk);
        }

        await pack.PublishAsync();
        (byte[] bytes, RecordsRead read) = await ReadBatchAsync([.. wanted], 1 << 20, perBatch: 4);
        Assert.Equal(expected, bytes);
        Assert.Equal(new RecordsRead(DeltaCount, DeltaCount + 1, DeltaCount), read);
        (bytes, read) = await ReadBatchAsync([.. wanted], cacheBytes: 0, perBatch: 4);
        Assert.Equal(expected, bytes);
        Assert.Equal(new RecordsRead(DeltaCount, DeltaCount + (DeltaCount / 4), DeltaCount), read);
    }

    /// <summary>A chunk whose even pages stand in one pack and whose odd ones in another; its recipe in a third.
    /// </summary>
    private async Task<(byte[][] Sources, RecordPlace[] Places, MapChunk Wanted, byte[] Chunk)> OneDeltaAsync()
    {
        byte[] chunk = new byte[ChunkSizeBytes];
        new Random(5).NextBytes(chunk);
        byte[][] sources = [[.. chunk], [.. chunk]];
        for (int page = 0; page < PageCount; page++)
        {
            DeltaPack.PageOf(sources[page % 2], page).Clear();
        }

        RecordPlace[] places = [await AddPackAsync(1, sources[0]), await AddPackAsync(2, sources[1])];
        await using DeltaPack pack = await DeltaPack.CreateAsync(store, Repository, 3, PageCount);
        RecordPlace place = await pack.AddAsync(
            DeltaPack.IdOf(chunk), DeltaPack.RecipeOf(chunk, (sources[0], places[0]), (sources[1], places[1])));
        await pack.PublishAsync();
        return (sources, places, new MapChunk(DeltaPack.IdOf(chunk), place), chunk);
    }

    private async Task<RecordPlace> AddPackAsync(byte session, byte[] chunk)
    {
        await using DeltaPack pack = await DeltaPack.CreateAsync(store, Repository, session, PageCount);
        RecordPlace place = await pack.AddAsync(chunk);
        await pack.PublishAsync();
        return place;
    }

    /// <summary>At least one page of random bytes, the others so or zeros.</summary>
    private static byte[] RandomChunk(Random random)
    {
        byte[] chunk = new byte[ChunkSizeBytes];
        int sure = random.Next(PageCount);
        for (int page = 0; page < PageCount; page++)
        {
            if (page == sure || random.Next(3) != 0)
            {
                random.NextBytes(DeltaPack.PageOf(chunk, page));
            }
        }

        return chunk;
    }

    private static (ChunkId Id, byte[] Chunk, Recipe Recipe) RandomRecipe(
        Random random, (byte[] Pages, RecordPlace Place)[] sources)
    {
        int count = Math.Min(random.Next(1, FormatLimits.RecipeSourceCountMax + 1), PageCount);
        var chosen = random.GetItems(sources, count).Distinct().ToArray();
        byte[] chunk = new byte[ChunkSizeBytes];
        RecipePage[] pages = new RecipePage[PageCount];
        for (int page = 0; page < PageCount; page++)
        {
            // Each source gives the page of its own number, so that none is named in vain.
            int source = page < chosen.Length ? page : random.Next(-1, chosen.Length);
            int slot = source < 0 ? 0 : random.GetItems(HeldIn(chosen[source].Pages), 1)[0];
            pages[page] = source < 0 ? RecipePage.Zero : new RecipePage((byte)source, (ushort)slot);
            if (source >= 0)
            {
                DeltaPack.PageOf(chosen[source].Pages, slot).CopyTo(DeltaPack.PageOf(chunk, page));
            }
        }

        Recipe recipe = Recipe.Make(
            [.. chosen.Select(source => new RecipeSource(
                DeltaPack.IdOf(source.Pages).Value, Blur(random, source.Place)))],
            pages);
        return (DeltaPack.IdOf(chunk), chunk, recipe);
    }

    private static int[] HeldIn(byte[] chunk) =>
        [.. Enumerable.Range(0, PageCount).Where(page => DeltaPack.PageOf(chunk, page).ContainsAnyExcept((byte)0))];

    /// <summary>A hint as it may become: right, unknown, or of something else.</summary>
    private static RecordPlace Blur(Random random, RecordPlace place) => random.Next(10) switch
    {
        0 => default,
        1 => place with { OffsetBytes = place.OffsetBytes + 1 },
        2 => place with { Pack = place.Pack with { Number = 7 } },
        3 => place with { LengthBytes = place.LengthBytes - 1 },
        _ => place,
    };

    private async Task<byte[]> ReadAsync(MapChunk wanted)
    {
        byte[] chunk = new byte[ChunkSizeBytes];
        await New().ReadChunkAsync(wanted.Id, wanted.Place, chunk, default);
        return chunk;
    }

    private async Task<(byte[] Bytes, RecordsRead Read)> ReadBatchAsync(
        MapChunk[] wanted, long cacheBytes, int perBatch = 7)
    {
        RecordReader records = New();
        ChunkBatchReader reader = new(records.Finder, records.Chunks, new DataRecordCache(cacheBytes));
        byte[] bytes = new byte[wanted.Length * ChunkSizeBytes];
        for (int first = 0; first < wanted.Length; first += perBatch)
        {
            int count = Math.Min(perBatch, wanted.Length - first);
            await reader.ReadAsync(
                wanted.AsMemory(first, count), bytes.AsMemory(first * ChunkSizeBytes, count * ChunkSizeBytes), default);
        }

        return (bytes, reader.Read);
    }

    private RecordReader New() =>
        new(store, ContentHasher.Plain, new PackTables(store, Repository, 4 << 10));
}
