using FsCheck.Xunit;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Format.Tests.Vectors;
using Xunit;

namespace HyperVBackup.Format.Tests;

/// <summary>Recipes and packs that hold them, for values made from the numbers FsCheck picks.</summary>
public static class RecipeTests
{
    [Property]
    public static void A_recipe_reads_back_from_its_record(int seed)
    {
        Sample sample = new(seed);
        SampleDeltas deltas = new(sample);
        int pageCount = FormatLimits.PagesPerChunkMin << sample.Below(9);
        RecipeSource[] sources = deltas.Sources(1 + sample.Below(Math.Min(9, pageCount)));
        RecipePage[] pages = [.. Enumerable.Range(0, pageCount).Select(page => page >= sources.Length && sample.Flip()
            ? RecipePage.Zero
            : new RecipePage((byte)((pageCount - page) % sources.Length), (ushort)sample.Below(pageCount)))];
        Recipe recipe = Recipe.Make(sources, pages);
        ChunkId id = new(sample.Digest());
        byte[] bytes = new byte[DeltaRecord.LengthBytes(sources.Length, pageCount)];
        Assert.Equal(bytes.Length, DeltaRecord.Write(id, recipe, bytes));

        Recipe read = DeltaRecord.Read(Records.Record.Read(bytes), pageCount);
        Assert.Equal(id.Value, Records.Record.Read(bytes).Id);
        Assert.Equal((sources.Length, pageCount), (read.SourceCount, read.PageCount));
        for (int page = 0; page < pageCount; page++)
        {
            RecipePage taken = read.PageAt(page);
            Assert.Equal(pages[page].Slot, taken.Slot);
            Assert.Equal(pages[page].IsZero, taken.IsZero);
            Assert.True(taken.IsZero || read.SourceAt(taken.Source) == sources[pages[page].Source]);
        }
    }

    /// <summary>Each fault is put into a good recipe; the sentence says which it is.</summary>
    [Property]
    public static void A_malformed_recipe_is_refused_by_a_sentence(int seed)
    {
        Sample sample = new(seed);
        int pageCount = FormatLimits.PagesPerChunkMin << sample.Below(9);
        byte[] good = new SampleDeltas(sample).Recipe(pageCount).Body.ToArray();
        int sourceCount = good[Recipe.SourceCountAt];
        int pagesAt = Recipe.SourcesAt + (sourceCount * Recipe.SourceSizeBytes);
        int page = sample.Below(pageCount);
        int source = Recipe.SourcesAt + (sample.Below(sourceCount) * Recipe.SourceSizeBytes);
        int slotAt = pagesAt + pageCount + (page * sizeof(ushort));
        Refuses("recipe: length", good[..sample.Below(good.Length)]);
        Refuses("recipe: length", [.. good, .. new byte[1 + sample.Below(100)]]);
        Refuses("recipe: reserved", good, Recipe.ReservedAt, (byte)(1 + sample.Below(255)));
        Refuses("recipe: length", good, Recipe.SourceCountAt, (byte)(sourceCount + 1 + sample.Below(100)));
        Refuses("recipe: length", good, Recipe.PageCountAt, (byte)(good[Recipe.PageCountAt] + 1));
        Refuses("recipe: data id", good, source, new byte[Digest.SizeBytes]);
        Refuses("place: no record can lie there", good, source + Recipe.SourceHintAt, [.. new byte[24], 1, 0, 0, 0]);
        Refuses("recipe: source of a page", good, pagesAt + page, (byte)(sourceCount + sample.Below(200)));
        byte[] slot = BitConverter.GetBytes((ushort)(pageCount + sample.Below(60_000)));
        Refuses("recipe: slot of a page", good, slotAt, slot);
        if (sourceCount < FormatLimits.RecipeSourceCountMax)
        {
            Refuses("recipe: a source gives no page", WithOneSourceMore(good, sample, pagesAt));
        }
    }

    /// <summary>Whatever reads well says all that its bytes hold: no two encodings read the same.</summary>
    [Property(MaxTest = 20)]
    public static void A_changed_recipe_is_refused_or_says_what_it_holds(int seed)
    {
        byte[] good = new SampleDeltas(new Sample(seed)).Recipe(FormatLimits.PagesPerChunkMin).Body.ToArray();
        for (int bit = 0; bit < good.Length * 8; bit++)
        {
            byte[] bytes = [.. good];
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Exception? failure = Xunit.Record.Exception(
                () => Assert.Equal(bytes, DeltaFields.Rewrite(Recipe.Read(bytes)).Body.ToArray()));
            Assert.True(failure is null or CorruptDataException, failure?.ToString());
        }
    }

    [Property(MaxTest = 20)]
    public static void A_pack_of_whole_and_delta_records_reads_back(int seed)
    {
        Sample sample = new(seed);
        int count = 1 + sample.Below(6);
        int chunkSizeBytes = FormatLimits.ChunkSizeMinBytes << sample.Below(3);
        SamplePack pack = SamplePack.Read(
            new SampleDeltas(sample).Pack(sample.Pack(PackKind.Chunks), count, chunkSizeBytes));
        PackEntry[] entries = [.. pack.EntriesByOffset];
        Assert.Equal(2 * count, entries.Count(entry => entry.Type == RecordType.Whole));
        PackEntry[] deltas = [.. entries.Where(entry => entry.Type == RecordType.Delta)];
        Assert.Equal(count + 1, deltas.Length);
        Assert.Equal(count, deltas.Count(delta => pack.PutTogether(pack.RecipeOf(delta)) is not null));
        Assert.All(entries, entry => Assert.Equal(HookOf(pack, entry), entry.Hook));
    }

    [Fact]
    public static void A_recipe_that_could_not_be_read_back_is_not_made()
    {
        RecipeSource[] sources = new SampleDeltas(new Sample(41)).Sources(10);
        RecipeSource[] two = [sources[0], sources[1]];
        RecipePage[] pages = [new(0, 0), new(1, 1), RecipePage.Zero, RecipePage.Zero];
        Assert.Equal(2, Recipe.Make(two, pages).SourceCount);
        RequireNotMade([], [.. pages.Select(_ => RecipePage.Zero)]);
        RequireNotMade([sources[0]], pages);
        RequireNotMade([.. two, sources[2]], pages);
        RequireNotMade([sources[0], sources[0]], pages);
        RequireNotMade([sources[0], default], pages);
        RequireNotMade([sources[0], sources[1] with { Hint = new Sample(43).Place(PackKind.Maps) }], pages);
        RequireNotMade(two, [.. pages.Take(3)]);
        RequireNotMade(two, [.. pages.Take(3), new(1, 4)]);
        RequireNotMade(sources, [.. Enumerable.Range(0, 16).Select(page => new RecipePage((byte)(page % 10), 0))]);
        RequireNotMade([sources[0]], new RecipePage[100_000]);
    }

    [Fact]
    public static void Only_whole_records_have_pages_and_only_deltas_a_recipe()
    {
        byte[] bytes = DeltaPackVectors.SmallPack(new Sample(44));
        SamplePack pack = SamplePack.Read(bytes);
        PackTrailer trailer = pack.Trailer;
        PackPages pages = PackPages.Read(
            bytes.AsMemory((int)trailer.PageSectionStartBytes, (int)trailer.PageSectionLengthBytes),
            trailer,
            pack.Table);
        PackRecipes recipes = PackRecipes.Read(
            bytes.AsSpan((int)trailer.RecipeSectionStartBytes, (int)trailer.RecipeSectionLengthBytes),
            trailer,
            pack.Table);
        Digest[] hashes = new Digest[trailer.PagesPerChunk];
        Assert.Equal(3, pack.Table.Count);
        for (int index = 0; index < pack.Table.Count; index++)
        {
            bool isDelta = pack.Table[index].Type == RecordType.Delta;
            Exception? refusal = Xunit.Record.Exception(() => pages.GetHashes(index, hashes));
            Assert.Equal(isDelta ? "entryIndex" : null, (refusal as ArgumentException)?.ParamName);
            Assert.Equal(!isDelta, Xunit.Record.Exception(() => recipes[index]) is KeyNotFoundException);
        }
    }

    [Fact]
    public static void A_footer_takes_no_recipe_for_another_record()
    {
        Recipe recipe = new SampleDeltas(new Sample(45)).Recipe(4);
        byte[] bytes = new byte[DeltaRecord.LengthBytes(recipe.SourceCount, 4)];
        DeltaRecord.Write(new ChunkId(new Sample(46).Digest()), recipe, bytes);
        PackEntry entry = PackEntry.Of(bytes);
        PackFooterBuilder footer = new(pagesPerChunk: 4);
        footer.Add(entry, recipe);
        Assert.ThrowsAny<ArgumentException>(() => footer.Add(entry, new Digest[4]));
        Assert.ThrowsAny<ArgumentException>(() => footer.Add(entry with { Type = RecordType.Whole }, recipe));
        Assert.ThrowsAny<ArgumentException>(() => footer.Add(entry with { PlainLengthBytes = 3 }, recipe));
        Assert.ThrowsAny<ArgumentException>(() => new PackFooterBuilder(pagesPerChunk: 8).Add(entry, recipe));
    }

    [Fact]
    public static void Pages_are_taken_only_from_sources_that_hold_them()
    {
        RecipePage[] pages = [new(0, 2), new(0, 2), RecipePage.Zero, RecipePage.Zero];
        Recipe recipe = Recipe.Make(new SampleDeltas(new Sample(42)).Sources(1), pages);
        byte[] source = new byte[FormatLimits.ChunkSizeMinBytes];
        byte[] chunk = new byte[source.Length];
        Assert.Throws<CorruptDataException>(() => recipe.CopyPages(0, source, chunk));
        source[2 * FormatLimits.PageSizeBytes] = 9;
        recipe.CopyPages(0, source, chunk);
        Assert.Equal([0, FormatLimits.PageSizeBytes], Enumerable.Range(0, chunk.Length).Where(at => chunk[at] != 0));
    }

    private static void RequireNotMade(RecipeSource[] sources, RecipePage[] pages) =>
        Assert.ThrowsAny<ArgumentException>(() => Recipe.Make(sources, pages));

    private static ulong HookOf(SamplePack pack, PackEntry entry)
    {
        if (entry.Type == RecordType.Delta)
        {
            return 0;
        }

        Digest[] hashes = new Digest[pack.Trailer.PagesPerChunk];
        ContentHasher.Plain.IdOfChunk(pack.ChunkOf(entry), hashes);
        return hashes.First(hash => !hash.IsZero).Prefix;
    }

    private static byte[] WithOneSourceMore(byte[] good, Sample sample, int pagesAt)
    {
        byte[] bytes = [.. good.AsSpan(0, pagesAt), .. sample.Bytes(Digest.SizeBytes),
            .. new byte[StoredPlace.SizeBytes], .. good.AsSpan(pagesAt)];
        bytes[Recipe.SourceCountAt]++;
        return bytes;
    }

    private static void Refuses(string complaint, byte[] good, int at, params ReadOnlySpan<byte> value)
    {
        byte[] bytes = [.. good];
        value.CopyTo(bytes.AsSpan(at));
        Refuses(complaint, bytes);
    }

    private static void Refuses(string complaint, byte[] bytes)
    {
        CorruptDataException refusal = Assert.Throws<CorruptDataException>(() => Recipe.Read(bytes));
        Assert.Equal(complaint, refusal.Message);
    }
}
