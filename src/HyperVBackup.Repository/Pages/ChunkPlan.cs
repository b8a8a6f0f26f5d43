using System.Runtime.InteropServices;
using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Repository.Pages;

/// <summary>
/// How a chunk is to be stored below the grid: which of its pages are taken from records that stand already, and which
/// are literal, stored with it. Immutable.
/// </summary>
public sealed class ChunkPlan
{
    private readonly PageSource[] sources;
    private readonly RecipePage?[] taken;

    /// <param name="taken">For each page where it is taken from; null for literal ones.</param>
    internal ChunkPlan(PageSource[] sources, RecipePage?[] taken) => (this.sources, this.taken) = (sources, taken);

    /// <summary>The records that stand already.</summary>
    internal IReadOnlyList<PageSource> Sources => sources;

    /// <summary>Copies the hashes of the literal pages; the others become zero, as they are not stored.</summary>
    /// <returns>The count of literal pages.</returns>
    public int CopyLiterals(ReadOnlySpan<Digest> pageHashes, Span<Digest> literals)
    {
        int count = 0;
        for (int page = 0; page < taken.Length; page++)
        {
            literals[page] = taken[page] is null ? pageHashes[page] : default;
            count += literals[page].IsZero ? 0 : 1;
        }

        return count;
    }

    /// <summary>The recipe of the chunk.</summary>
    /// <param name="literals">The data id of the record of the literal pages; zero where there are none. Its place
    /// is not known yet.</param>
    public Recipe MakeRecipe(Digest literals)
    {
        List<RecipeSource> all = [.. sources.Select(source => new RecipeSource(source.DataId, source.Place))];
        if (!literals.IsZero)
        {
            all.Add(new RecipeSource(literals, default));
        }

        RecipePage[] pages = new RecipePage[taken.Length];
        for (int page = 0; page < taken.Length; page++)
        {
            pages[page] = taken[page] ?? new RecipePage((byte)sources.Length, (ushort)page);
        }

        Invariant.Check(all.Count <= FormatLimits.RecipeSourceCountMax);
        return Recipe.Make(CollectionsMarshal.AsSpan(all), pages);
    }

    /// <summary>Whether a recipe puts the chunk together, by the page hashes that its sources had when they were
    /// read.</summary>
    /// <param name="literalId">The data id of the record of the literal pages; zero where there are none.</param>
    /// <param name="literals">As <see cref="CopyLiterals"/> gave them.</param>
    internal bool IsMadeBy(
        Recipe recipe, ChunkId chunk, Digest literalId, ReadOnlySpan<Digest> literals, ContentHasher hasher)
    {
        const int PagesOnStack = 64;
        Span<Digest> pages = recipe.PageCount <= PagesOnStack
            ? stackalloc Digest[PagesOnStack]
            : new Digest[recipe.PageCount];
        pages = pages[..recipe.PageCount];
        pages.Clear();
        for (int page = 0; page < pages.Length; page++)
        {
            RecipePage from = recipe.PageAt(page);
            if (!from.IsZero)
            {
                Digest dataId = recipe.DataIdAt(from.Source);
                PageSource? source = Array.Find(sources, known => known.DataId == dataId);
                bool isLiteral = source is null && dataId == literalId;
                pages[page] = isLiteral ? literals[from.Slot] : source?[from.Slot] ?? default;
            }
        }

        return hasher.IdOfPages(pages) == chunk;
    }
}
