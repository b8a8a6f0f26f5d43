using System.Buffers.Binary;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Format.Records;

/// <summary>
/// How a chunk is put together from pages that stand in whole records, as in repo-format/delta-record.md. Its sources
/// are named by what they hold, never by where they lie, so any record of that data id serves, and reading is one
/// step deep. Immutable and thread-safe. Holds: every source is named once, gives at least one page, and stands in the
/// order of the first page it gives.
/// </summary>
public sealed class Recipe
{
    internal const int SourceCountAt = 0;
    internal const int ReservedAt = SourceCountAt + sizeof(byte);
    internal const int PageCountAt = ReservedAt + sizeof(byte);
    internal const int SourcesAt = PageCountAt + sizeof(ushort);
    internal const int SourceIdAt = 0;
    internal const int SourceHintAt = SourceIdAt + Digest.SizeBytes;
    internal const int SourceSizeBytes = SourceHintAt + StoredPlace.SizeBytes;
    internal const int PageSizeBytes = sizeof(byte) + sizeof(ushort);
    private const int LengthMaxBytes = SourcesAt + (FormatLimits.RecipeSourceCountMax * SourceSizeBytes)
        + (FormatLimits.PagesPerChunkMax * PageSizeBytes);

    private readonly byte[] body;

    private Recipe(byte[] body) => this.body = body;

    public int SourceCount => body[SourceCountAt];

    /// <summary>Pages of the chunk, zeros included.</summary>
    public int PageCount => BinaryPrimitives.ReadUInt16LittleEndian(body.AsSpan(PageCountAt));

    /// <summary>The recipe as it stands in records and footers.</summary>
    public ReadOnlySpan<byte> Body => body;

    private int PageSourcesAt => SourcesAt + (SourceCount * SourceSizeBytes);

    private int PageSlotsAt => PageSourcesAt + PageCount;

    /// <summary>Makes a recipe; its sources are numbered anew, in the order of the first page that each gives.
    /// </summary>
    /// <param name="sources">At most <see cref="FormatLimits.RecipeSourceCountMax"/>.</param>
    /// <param name="pages">One for each page of the chunk, with the source's number in <paramref name="sources"/>.
    /// </param>
    /// <exception cref="ArgumentException">Not a recipe that could be read back.</exception>
    public static Recipe Make(ReadOnlySpan<RecipeSource> sources, ReadOnlySpan<RecipePage> pages)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sources.Length, FormatLimits.RecipeSourceCountMax);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pages.Length, FormatLimits.PagesPerChunkMax);
        Span<byte> newNumbers = stackalloc byte[sources.Length];
        Number(pages, newNumbers);
        byte[] body = new byte[LengthBytes(sources.Length, pages.Length)];
        body[SourceCountAt] = (byte)sources.Length;
        BinaryPrimitives.WriteUInt16LittleEndian(body.AsSpan(PageCountAt), (ushort)pages.Length);
        Recipe recipe = new(body);
        for (int number = 0; number < sources.Length; number++)
        {
            Span<byte> source = recipe.SourceBytes(newNumbers[number]);
            sources[number].DataId.WriteTo(source[SourceIdAt..]);
            StoredPlace.Write(sources[number].Hint, PackKind.Chunks, source[SourceHintAt..]);
        }

        for (int page = 0; page < pages.Length; page++)
        {
            RecipePage taken = pages[page];
            body[recipe.PageSourcesAt + page] = taken.IsZero ? taken.Source : newNumbers[taken.Source];
            BinaryPrimitives.WriteUInt16LittleEndian(
                body.AsSpan(recipe.PageSlotsAt + (page * sizeof(ushort))), taken.Slot);
        }

        try
        {
            recipe.RequireSense();
            return recipe;
        }
        catch (CorruptDataException complaint)
        {
            throw new ArgumentException(complaint.Message, nameof(sources), complaint);
        }
    }

    /// <param name="body">All of it; copied.</param>
    /// <exception cref="CorruptDataException">Against repo-format/delta-record.md.</exception>
    public static Recipe Read(ReadOnlySpan<byte> body)
    {
        Corrupt.Unless(body.Length is >= SourcesAt and <= LengthMaxBytes, "recipe: length");
        Recipe recipe = new(body.ToArray());
        Corrupt.Unless(body[ReservedAt] == 0, "recipe: reserved");
        Corrupt.Unless(body.Length == LengthBytes(recipe.SourceCount, recipe.PageCount), "recipe: length");
        recipe.RequireSense();
        return recipe;
    }

    /// <param name="number">From 0.</param>
    public RecipeSource SourceAt(int number) => new(
        DataIdAt(number), StoredPlace.Read(SourceBytes(number)[SourceHintAt..], PackKind.Chunks));

    /// <summary>The data id alone, for those who look for it themselves.</summary>
    /// <param name="number">From 0.</param>
    public Digest DataIdAt(int number) => new(SourceBytes(number).Slice(SourceIdAt, Digest.SizeBytes));

    /// <summary>The same recipe, in which sources of unknown place are said to lie at <paramref name="place"/>.
    /// </summary>
    public Recipe WithHint(RecordPlace place)
    {
        Recipe completed = new([.. body]);
        for (int number = 0; number < SourceCount; number++)
        {
            if (SourceAt(number).Hint.IsUnknown)
            {
                int hintAt = SourcesAt + (number * SourceSizeBytes) + SourceHintAt;
                StoredPlace.Write(place, PackKind.Chunks, completed.body.AsSpan(hintAt));
            }
        }

        return completed;
    }

    /// <summary>Whether both take the same pages from the same data ids, wherever these are said to lie.</summary>
    public bool IsSameButForHints(Recipe other)
    {
        ArgumentNullException.ThrowIfNull(other);
        bool isSame = SourceCount == other.SourceCount && PageCount == other.PageCount;
        for (int number = 0; isSame && number < SourceCount; number++)
        {
            isSame = DataIdAt(number) == other.DataIdAt(number);
        }

        return isSame && body.AsSpan(PageSourcesAt).SequenceEqual(other.body.AsSpan(other.PageSourcesAt));
    }

    /// <param name="page">From 0, within the chunk.</param>
    public RecipePage PageAt(int page) => new(
        body[PageSourcesAt + page],
        BinaryPrimitives.ReadUInt16LittleEndian(body.AsSpan(PageSlotsAt + (page * sizeof(ushort)))));

    /// <summary>Copies what one source gives to the chunk; all other pages stay as they are.</summary>
    /// <param name="number">Of the source, from 0.</param>
    /// <param name="source">The source's record expanded: pages that it does not hold are zero.</param>
    /// <param name="chunk">As long as <paramref name="source"/>.</param>
    /// <exception cref="CorruptDataException">The source does not hold a page that the recipe takes.</exception>
    public void CopyPages(int number, ReadOnlySpan<byte> source, Span<byte> chunk)
    {
        const int PageBytes = FormatLimits.PageSizeBytes;
        ArgumentOutOfRangeException.ThrowIfNotEqual(source.Length, PageCount * PageBytes);
        ArgumentOutOfRangeException.ThrowIfNotEqual(chunk.Length, source.Length);
        for (int page = 0; page < PageCount; page++)
        {
            RecipePage taken = PageAt(page);
            if (taken.Source == number)
            {
                ReadOnlySpan<byte> bytes = source.Slice(taken.Slot * PageBytes, PageBytes);
                Corrupt.Unless(bytes.ContainsAnyExcept((byte)0), "recipe: the source does not hold a page it takes");
                bytes.CopyTo(chunk[(page * PageBytes)..]);
            }
        }
    }

    /// <summary>The length of a recipe's body.</summary>
    internal static int LengthBytes(int sourceCount, int pageCount) =>
        SourcesAt + (sourceCount * SourceSizeBytes) + (pageCount * PageSizeBytes);

    private Span<byte> SourceBytes(int number)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)number, (uint)SourceCount, nameof(number));
        return body.AsSpan(SourcesAt + (number * SourceSizeBytes), SourceSizeBytes);
    }

    /// <summary>Finds the new number of each source.</summary>
    private static void Number(ReadOnlySpan<RecipePage> pages, Span<byte> newNumbers)
    {
        newNumbers.Fill(RecipePage.ZeroPage);
        byte next = 0;
        foreach (RecipePage page in pages)
        {
            if (page.IsZero)
            {
                continue;
            }

            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(page.Source, newNumbers.Length, nameof(pages));
            if (newNumbers[page.Source] == RecipePage.ZeroPage)
            {
                newNumbers[page.Source] = next++;
            }
        }

        if (next < newNumbers.Length)
        {
            throw new ArgumentException("A source gives no page.", nameof(pages));
        }
    }

    private void RequireSense()
    {
        Corrupt.Unless(SourceCount is > 0 and <= FormatLimits.RecipeSourceCountMax, "recipe: source count");
        Corrupt.Unless(
            FormatLimits.IsChunkSize((long)PageCount * FormatLimits.PageSizeBytes), "recipe: page count");
        RequireSources();
        int usedCount = 0;
        for (int page = 0; page < PageCount; page++)
        {
            RecipePage taken = PageAt(page);
            Corrupt.Unless(taken.IsZero || taken.Source < SourceCount, "recipe: source of a page");
            Corrupt.Unless(taken.Slot < (taken.IsZero ? 1 : PageCount), "recipe: slot of a page");
            Corrupt.Unless(taken.IsZero || taken.Source <= usedCount, "recipe: sources are out of order");
            usedCount += !taken.IsZero && taken.Source == usedCount ? 1 : 0;
        }

        Corrupt.Unless(usedCount == SourceCount, "recipe: a source gives no page");
    }

    private void RequireSources()
    {
        for (int number = 0; number < SourceCount; number++)
        {
            Digest id = SourceAt(number).DataId;
            Corrupt.Unless(!id.IsZero, "recipe: data id");
            for (int before = 0; before < number; before++)
            {
                Corrupt.Unless(DataIdAt(before) != id, "recipe: a source is named twice");
            }
        }
    }
}
