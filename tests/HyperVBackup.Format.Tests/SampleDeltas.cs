using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Format.Tests;

/// <summary>Makes recipes, and packs with delta records in them.</summary>
internal sealed class SampleDeltas(Sample sample)
{
    private const int PageSizeBytes = FormatLimits.PageSizeBytes;

    /// <summary>A recipe of sources that need not exist.</summary>
    public Recipe Recipe(int pageCount)
    {
        RecipeSource[] sources = Sources(1 + sample.Below(Math.Min(FormatLimits.RecipeSourceCountMax, pageCount)));
        RecipePage[] pages = [.. Enumerable.Range(0, pageCount).Select(page =>
            page >= sources.Length && sample.Below(4) == 0
                ? RecipePage.Zero
                : new RecipePage((byte)NumberOf(page, sources.Length), (ushort)sample.Below(pageCount)))];
        return Records.Recipe.Make(sources, pages);
    }

    public RecipeSource[] Sources(int count) =>
        [.. Enumerable.Range(0, count).Select(_ => new RecipeSource(sample.Digest(), sample.Place(PackKind.Chunks)))];

    /// <summary>A pack of as many whole chunks, deltas over them, and records of the deltas' literal pages; then one
    /// delta whose sources lie elsewhere.</summary>
    public byte[] Pack(PackName name, int count, int chunkSizeBytes)
    {
        PackWriter pack = new(name, sample.Repository(), chunkSizeBytes / PageSizeBytes);
        List<(byte[] Chunk, RecordPlace Place)> sources = [];
        for (int number = 0; number < count; number++)
        {
            byte[] chunk = sample.Chunk(chunkSizeBytes);
            sources.Add((chunk, pack.AddChunk(chunk, sample.Compression())));
        }

        for (int number = 0; number < count; number++)
        {
            AddDelta(pack, sources, chunkSizeBytes);
        }

        pack.AddDelta(new ChunkId(sample.Digest()), Recipe(chunkSizeBytes / PageSizeBytes));
        return pack.Finish();
    }

    public static Digest IdOf(byte[] chunk) =>
        ContentHasher.Plain.IdOfChunk(chunk, new Digest[chunk.Length / PageSizeBytes]).Value;

    /// <summary>The first pages come once from each source; later ones from any.</summary>
    private int NumberOf(int page, int count) => page < count ? page : sample.Below(count);

    /// <summary>A chunk of a literal first page, pages of one of the sources at any place, and zeros.</summary>
    private void AddDelta(PackWriter pack, List<(byte[] Chunk, RecordPlace Place)> sources, int chunkSizeBytes)
    {
        (byte[] source, RecordPlace place) = sources[sample.Below(sources.Count)];
        int pageCount = chunkSizeBytes / PageSizeBytes;
        int[] slots = [.. Enumerable.Range(0, pageCount).Where(slot => HasPage(source, slot))];
        byte[] literals = new byte[chunkSizeBytes];
        sample.Bytes(PageSizeBytes).CopyTo(literals, 0);
        RecipePage[] pages = [.. Enumerable.Range(0, pageCount).Select(page => page switch
        {
            0 => new RecipePage(0, 0),
            1 => new RecipePage(1, (ushort)slots[0]),
            _ => sample.Flip() ? RecipePage.Zero : new RecipePage(1, (ushort)slots[sample.Below(slots.Length)]),
        })];
        RecordPlace literalsPlace = pack.AddChunk(literals, Compression.None);
        Recipe recipe = Records.Recipe.Make(
            [new(IdOf(literals), literalsPlace), new(IdOf(source), sample.Flip() ? place : default)], pages);
        byte[] chunk = new byte[chunkSizeBytes];
        recipe.CopyPages(0, literals, chunk);
        recipe.CopyPages(1, source, chunk);
        pack.AddDelta(new ChunkId(IdOf(chunk)), recipe);
    }

    private static bool HasPage(byte[] chunk, int slot) =>
        chunk.AsSpan(slot * PageSizeBytes, PageSizeBytes).ContainsAnyExcept((byte)0);
}
