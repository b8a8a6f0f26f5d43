using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Collections;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Pages;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;
using Xunit;
using Record = HyperVBackup.Format.Records.Record;

namespace HyperVBackup.Repository.Tests.Pages;

/// <summary>Pages that stand in the repository already are not stored again, and what is stored instead puts the chunk
/// together.</summary>
public sealed class ChunkPlannerTests
{
    private readonly PageSample sample = new();

    [Fact]
    public async Task A_changed_page_is_stored_alone_with_a_recipe_that_takes_the_others_from_the_parent()
    {
        RecordPlace[] parent = await sample.StoreAsync((PageSample.Run(1), default));
        int[] changed = [.. PageSample.Run(1)];
        changed[5] = 100;
        RecordPlace[] places = await sample.StoreAsync((changed, parent[0]));
        Assert.Equal([RecordType.Whole, RecordType.Delta], sample.LastEntries.Select(entry => entry.Type));
        Assert.Equal(1, sample.LastEntries[0].StoredPageCount);
        await sample.AssertReadsAsync(changed, places[0]);
    }

    [Fact]
    public async Task The_same_pages_elsewhere_on_the_grid_are_found_by_a_hook_and_stored_as_a_recipe_alone()
    {
        await sample.StoreAsync([.. Enumerable.Range(0, 6).Select(
            chunk => (PageSample.Run(1 + (chunk * PageSample.PagesPerChunk)), default(RecordPlace)))]);
        int[] shifted = PageSample.Run(40);
        RecordPlace[] places = await sample.StoreAsync((shifted, default));
        Assert.Equal([RecordType.Delta], sample.LastEntries.Select(entry => entry.Type));
        await sample.AssertReadsAsync(shifted, places[0]);
    }

    [Fact]
    public async Task Pages_changed_day_after_day_are_each_stored_once()
    {
        int[] pages = PageSample.Run(1);
        RecordPlace place = (await sample.StoreAsync((pages, default)))[0];
        for (int day = 0; day < 7; day++)
        {
            pages[day] = 100 + day;
            place = (await sample.StoreAsync((pages, place)))[0];
            Assert.Equal(1, sample.LastEntries[0].StoredPageCount);
            await sample.AssertReadsAsync(pages, place);
        }
    }

    [Theory]
    [InlineData(3, false)]
    [InlineData(4, true)]
    public async Task Fewer_than_four_shared_pages_are_stored_again(int sharedCount, bool isShared)
    {
        RecordPlace[] parent = await sample.StoreAsync((PageSample.Run(1), default));
        int[] pages = [.. PageSample.Run(1).Select(page => page <= sharedCount ? page : page + 100)];
        Assert.Equal(isShared, await sample.PlanAsync(pages, parent[0]) is not null);
    }

    [Fact]
    public async Task At_most_eight_records_are_taken_from_besides_the_chunks_own()
    {
        int[][] runs = [.. Enumerable.Range(0, PageSample.PagesPerChunk).Select(
            chunk => PageSample.Run(1 + (chunk * PageSample.PagesPerChunk)))];
        await sample.StoreAsync([.. runs.Select(run => (run, default(RecordPlace)))]);
        int[] mixed = [.. runs.Select(run => run[0])]; // of each the page that is the record's hook
        RecordPlace[] places = await sample.StoreAsync((mixed, default));
        byte[] record = await sample.ReadAsync(places[0]);
        Recipe recipe = DeltaRecord.Read(Record.Read(record), PageSample.PagesPerChunk);
        Assert.Equal(FormatLimits.RecipeSourceCountMax, recipe.SourceCount);
        await sample.AssertReadsAsync(mixed, places[0]);
    }

    [Fact]
    public async Task Nothing_is_taken_from_a_parents_record_that_is_damaged_or_elsewhere()
    {
        RecordPlace place = (await sample.StoreAsync((PageSample.Run(1), default)))[0];
        int[] changed = [.. PageSample.Run(1)];
        changed[0] = 100; // the hook: the index does not lead there
        Assert.NotNull(await sample.PlanAsync(changed, place));
        Assert.Null(await sample.PlanAsync(changed, place with { OffsetBytes = place.OffsetBytes + 1 }));
        sample.Store[new BlobName(place.Pack.BlobName)][place.OffsetBytes + place.LengthBytes - 1] ^= 1;
        Assert.Null(await sample.PlanAsync(changed, place));
    }

    [Fact]
    public async Task Nothing_is_taken_from_a_pack_whose_footer_is_damaged_or_that_is_gone()
    {
        RecordPlace place = (await sample.StoreAsync((PageSample.Run(1), default)))[0];
        BlobName pack = new(place.Pack.BlobName);
        int[] changed = [.. PageSample.Run(1)];
        changed[7] = 100;
        Assert.NotNull(await sample.PlanAsync(changed, default));
        sample.Store[pack][^1] ^= 1;
        Assert.Null(await sample.PlanAsync(changed, default));
        sample.Store[pack][^1] ^= 1;
        await sample.Store.DeleteAsync(pack, default);
        Assert.Null(await sample.PlanAsync(changed, default));
    }

    [Fact]
    public async Task A_hit_on_a_recipe_counts_only_while_every_record_it_names_stands()
    {
        RecordPlace parent = (await sample.StoreAsync((PageSample.Run(1), default)))[0];
        int[] changed = [.. PageSample.Run(1)];
        changed[5] = 100;
        await sample.StoreAsync((changed, parent));
        Assert.Equal(ChunkFate.Stored, await sample.FateAsync(changed));
        await sample.Store.DeleteAsync(new BlobName(parent.Pack.BlobName), default);
        Assert.Equal(ChunkFate.New, await sample.FateAsync(changed));
        await sample.StoreAsync((PageSample.Run(1), default)); // the same record, elsewhere
        Assert.Equal(ChunkFate.Stored, await sample.FateAsync(changed));
    }

    [Fact]
    public async Task A_hit_on_a_recipe_counts_only_while_no_pack_of_it_is_absent()
    {
        RecordPlace parent = (await sample.StoreAsync((PageSample.Run(1), default)))[0];
        int[] changed = [.. PageSample.Run(1)];
        changed[5] = 100;
        RecordPlace delta = (await sample.StoreAsync((changed, parent)))[0];
        foreach (PackName pack in (PackName[])[parent.Pack, delta.Pack])
        {
            sample.Absent = new AbsentSet(new CollectionSet(1, [], [pack]));
            Assert.Equal(ChunkFate.New, await sample.FateAsync(changed));
        }

        sample.Absent = new AbsentSet(new CollectionSet(2, [], [parent.Pack with { Number = 7 }]));
        Assert.Equal(ChunkFate.Stored, await sample.FateAsync(changed));
    }

    [Fact]
    public async Task No_page_is_taken_from_an_absent_pack_be_it_the_parents_or_found_by_a_hook()
    {
        RecordPlace parent = (await sample.StoreAsync((PageSample.Run(1), default)))[0];
        int[] changed = [.. PageSample.Run(1)];
        changed[5] = 100;
        foreach (RecordPlace place in (RecordPlace[])[parent, default])
        {
            sample.Absent = AbsentSet.None;
            Assert.NotNull(await sample.PlanAsync(changed, place));
            sample.Absent = new AbsentSet(new CollectionSet(1, [], [parent.Pack]));
            Assert.Null(await sample.PlanAsync(changed, place));
        }
    }

    [Fact]
    public async Task No_page_is_taken_from_an_absent_pack_that_the_parents_recipe_names()
    {
        RecordPlace first = (await sample.StoreAsync((PageSample.Run(1), default)))[0];
        int[] changed = [.. PageSample.Run(1)];
        changed[5] = 100;
        RecordPlace delta = (await sample.StoreAsync((changed, first)))[0];
        changed[6] = 101;
        Assert.NotNull(await sample.PlanAsync(changed, delta));
        sample.Absent = new AbsentSet(new CollectionSet(1, [], [first.Pack]));
        Assert.Null(await sample.PlanAsync(changed, delta));
    }

    [Fact]
    public async Task Whatever_is_stored_puts_the_chunk_together()
    {
        Random random = new(11);
        List<(int[] Pages, RecordPlace Place)> stored = [];
        for (int session = 0; session < 40; session++)
        {
            (int[] Pages, RecordPlace Parent)[] chunks = [.. Enumerable.Range(0, 8).Select(_ => Next(random, stored))];
            RecordPlace[] places = await sample.StoreAsync(chunks);
            stored.AddRange(chunks.Select((chunk, position) => (chunk.Pages, places[position])));
        }

        foreach ((int[] pages, RecordPlace place) in stored)
        {
            await sample.AssertReadsAsync(pages, place);
        }
    }

    /// <summary>A chunk that has much, little or nothing in common with one stored before.</summary>
    private static (int[] Pages, RecordPlace Parent) Next(
        Random random, List<(int[] Pages, RecordPlace Place)> stored)
    {
        int[] pages = [.. Enumerable.Range(0, PageSample.PagesPerChunk).Select(_ => random.Next(1, 5000))];
        if (stored.Count == 0 || random.Next(5) == 0)
        {
            return (pages, default);
        }

        (int[] before, RecordPlace place) = stored[random.Next(stored.Count)];
        int shift = random.Next(3) == 0 ? random.Next(PageSample.PagesPerChunk) : 0;
        int changedPercent = random.Next(100);
        for (int page = 0; page < pages.Length; page++)
        {
            bool isKept = random.Next(100) >= changedPercent;
            pages[page] = isKept ? before[(page + shift) % pages.Length] : random.Next(10) * pages[page] / 9;
        }

        pages[0] = pages[0] == 0 ? 1 : pages[0];
        return (pages, random.Next(2) == 0 ? place : default);
    }

    [Fact]
    public async Task A_recipe_that_does_not_make_its_chunk_is_noticed_before_it_is_stored()
    {
        int[] pages = PageSample.Run(1);
        RecordPlace place = (await sample.StoreAsync((pages, default)))[0];
        (ChunkId source, Digest[] hashes) = PageSample.Hash(pages);
        pages[5] = 100;
        (ChunkId id, Digest[] newHashes) = PageSample.Hash(pages);
        NewChunk chunk = new(id, newHashes, place);
        Assert.Equal(2, Encode(PlanOf(slotOfPage3: 3), chunk));
        Assert.Throws<MemoryFaultException>(() => Encode(PlanOf(slotOfPage3: 4), chunk));

        ChunkPlan PlanOf(ushort slotOfPage3)
        {
            RecipePage?[] taken = [.. Enumerable.Range(0, PageSample.PagesPerChunk)
                .Select(page => page == 5 ? (RecipePage?)null : new RecipePage(0, (ushort)page))];
            taken[3] = new RecipePage(0, slotOfPage3);
            return new ChunkPlan([new PageSource(source.Value, place, hashes)], taken);
        }

        int Encode(ChunkPlan plan, NewChunk chunk) =>
            new ChunkEncoder(ContentHasher.Plain, Compression.Lz4).Encode(
                plan, chunk, PageSample.Chunk(pages), new Digest[PageSample.PagesPerChunk],
                new byte[ChunkEncoder.EncodedSizeMax(PageSample.ChunkSizeBytes)],
                new EncodedRecord[ChunkEncoder.RecordCountMax]);
    }

    [Fact]
    public async Task A_pack_of_chunks_of_another_size_gives_no_pages()
    {
        RecordPlace place = (await sample.StoreAsync((PageSample.Run(1), default)))[0];
        Assert.NotNull(await sample.NewPageMaps(PageSample.PagesPerChunk).TryGetAsync(place.Pack));
        Assert.Null(await sample.NewPageMaps(PageSample.PagesPerChunk / 2).TryGetAsync(place.Pack));
    }
}
