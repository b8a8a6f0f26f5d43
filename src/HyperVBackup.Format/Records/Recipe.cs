using System.Buffers.Binary;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Format.Records;

/// <summary>
/// How a chunk is put together from pages that stand in whole records, as in repo-format/delta-record.md. Its sources
/// are named by what they hold, never by where they lie, so any record of that data id serves, and reading is one
/// step deep. Immutable and thread-safe. Holds: every source is named once and gives at least one page.
/// </summary>
public sealed class Recipe
{
    internal const int SourceCountAt = 0;
    internal const int ReservedAt = SourceCountAt + sizeof(byte);
    internal const int PageCountAt = ReservedAt + sizeof(byte);
    internal const int SourcesAt = PageCountAt + sizeof(ushort);
    internal const int SourceHintAt = Digest.SizeBytes;
    internal const int SourceSizeBytes = SourceHintAt + StoredPlace.SizeBytes;
    private const int PageSizeBytes = sizeof(byte) + sizeof(ushort);

    private readonly byte[] body;

    private Recipe(byte[] body) => this.body = body;

    public int SourceCount => body[SourceCountAt];

    /// <summary>Pages of the chunk, zeros included.</summary>
    public int PageCount => BinaryPrimitives.ReadUInt16LittleEndian(body.AsSpan(PageCountAt));

    /// <summary>The recipe as it stands in records and footers.</summary>
    public ReadOnlySpan<byte> Body => body;

    private int PageSourcesAt => SourcesAt + (SourceCount * SourceSizeBytes);

    private int PageSlotsAt => PageSourcesAt + PageCount;

    /// <param name="sources">At most <see cref="FormatLimits.RecipeSourceCountMax"/>.</param>
    /// <param name="pages">One for each page of the chunk.</param>
    /// <exception cref="ArgumentException">Not a recipe that could be read back.</exception>
    public static Recipe Make(ReadOnlySpan<RecipeSource> sources, ReadOnlySpan<RecipePage> pages)
    {
        byte[] body = new byte[LengthBytes(sources.Length, pages.Length)];
        body[SourceCountAt] = checked((byte)sources.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(body.AsSpan(PageCountAt), checked((ushort)pages.Length));
        Recipe recipe = new(body);
        for (int number = 0; number < sources.Length; number++)
        {
            Span<byte> source = body.AsSpan(SourcesAt + (number * SourceSizeBytes), SourceSizeBytes);
            sources[number].DataId.WriteTo(source);
            StoredPlace.Write(sources[number].Hint, PackKind.Chunks, source[SourceHintAt..]);
        }

        for (int page = 0; page < pages.Length; page++)
        {
            body[recipe.PageSourcesAt + page] = pages[page].Source;
            BinaryPrimitives.WriteUInt16LittleEndian(
                body.AsSpan(recipe.PageSlotsAt + (page * sizeof(ushort))), pages[page].Slot);
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
        Corrupt.Unless(body.Length >= SourcesAt, "recipe: length");
        Recipe recipe = new(body.ToArray());
        Corrupt.Unless(body[ReservedAt] == 0, "recipe: reserved");
        Corrupt.Unless(body.Length == LengthBytes(recipe.SourceCount, recipe.PageCount), "recipe: length");
        recipe.RequireSense();
        return recipe;
    }

    /// <param name="number">From 0.</param>
    /// <exception cref="CorruptDataException">The hint is no place.</exception>
    public RecipeSource SourceAt(int number)
    {
        ReadOnlySpan<byte> source = body.AsSpan(SourcesAt + (number * SourceSizeBytes), SourceSizeBytes);
        return new RecipeSource(
            new Digest(source[..Digest.SizeBytes]), StoredPlace.Read(source[SourceHintAt..], PackKind.Chunks));
    }

    /// <param name="page">From 0, within the chunk.</param>
    public RecipePage PageAt(int page) => new(
        body[PageSourcesAt + page],
        BinaryPrimitives.ReadUInt16LittleEndian(body.AsSpan(PageSlotsAt + (page * sizeof(ushort)))));

    /// <summary>The length of a recipe's body.</summary>
    internal static int LengthBytes(int sourceCount, int pageCount) =>
        SourcesAt + (sourceCount * SourceSizeBytes) + (pageCount * PageSizeBytes);

    private void RequireSense()
    {
        Corrupt.Unless(SourceCount is > 0 and <= FormatLimits.RecipeSourceCountMax, "recipe: source count");
        Corrupt.Unless(
            FormatLimits.IsChunkSize((long)PageCount * FormatLimits.PageSizeBytes), "recipe: page count");
        RequireSources();
        Span<bool> isUsed = stackalloc bool[SourceCount];
        for (int page = 0; page < PageCount; page++)
        {
            RecipePage taken = PageAt(page);
            Corrupt.Unless(taken.IsZero || taken.Source < SourceCount, "recipe: source of a page");
            Corrupt.Unless(taken.Slot < (taken.IsZero ? 1 : PageCount), "recipe: slot of a page");
            if (!taken.IsZero)
            {
                isUsed[taken.Source] = true;
            }
        }

        Corrupt.Unless(!isUsed.Contains(false), "recipe: a source gives no page");
    }

    private void RequireSources()
    {
        for (int number = 0; number < SourceCount; number++)
        {
            Digest id = SourceAt(number).DataId;
            Corrupt.Unless(!id.IsZero, "recipe: data id");
            for (int before = 0; before < number; before++)
            {
                Corrupt.Unless(SourceAt(before).DataId != id, "recipe: a source is named twice");
            }
        }
    }
}
