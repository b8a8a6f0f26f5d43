using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Format.Packs;

/// <summary>The recipes of a chunk pack's delta records, from its footer: the same bytes as in the records, so that
/// whoever asks which records a chunk needs reads footers only. Immutable and thread-safe.</summary>
public sealed class PackRecipes
{
    private readonly Dictionary<int, Recipe> byEntry = [];

    private PackRecipes()
    {
    }

    /// <param name="section">What lies where the trailer says the recipe section does.</param>
    /// <exception cref="CorruptDataException">Damaged, or it does not fit the table.</exception>
    public static PackRecipes Read(ReadOnlySpan<byte> section, in PackTrailer trailer, PackTable table)
    {
        Corrupt.Unless(section.Length == trailer.RecipeSectionLengthBytes, "pack recipes: length");
        Corrupt.Unless(trailer.IsRecipeSection(section), "pack recipes: checksum");
        PackRecipes recipes = new();
        int next = 0;
        for (int index = 0; index < table.Count; index++)
        {
            PackEntry entry = table[index];
            if (entry.Type != RecordType.Delta)
            {
                continue;
            }

            Corrupt.Unless(section.Length - next >= entry.PlainLengthBytes, "pack recipes: end too early");
            Recipe recipe = Recipe.Read(section.Slice(next, (int)entry.PlainLengthBytes));
            Corrupt.Unless(recipe.PageCount == trailer.PagesPerChunk, "pack recipes: page count");
            recipes.byEntry.Add(index, recipe);
            next += (int)entry.PlainLengthBytes;
        }

        Corrupt.Unless(next == section.Length, "pack recipes: bytes after the last one");
        return recipes;
    }

    /// <summary>The recipe of the delta record at <paramref name="entryIndex"/> of the table.</summary>
    /// <exception cref="KeyNotFoundException">Another kind of record lies there.</exception>
    public Recipe this[int entryIndex] => byEntry[entryIndex];
}
