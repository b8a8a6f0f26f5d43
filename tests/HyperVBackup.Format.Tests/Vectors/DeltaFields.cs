using System.Globalization;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Format.Tests.Vectors;

/// <summary>Recipes in the words of the manifest, and back.</summary>
internal static class DeltaFields
{
    public static void AddRecord(Dictionary<string, string> fields, byte[] bytes)
    {
        Record record = Record.Read(bytes);
        Corrupt.Unless(record.TotalLengthBytes == bytes.Length, "record: bytes after it");
        fields["id"] = record.Id.ToString();
        AddRecipe(fields, "", ReadRecord(bytes));
    }

    /// <summary>Each page as "source slot", or "zero".</summary>
    public static void AddRecipe(Dictionary<string, string> fields, string before, Recipe recipe)
    {
        for (int number = 0; number < recipe.SourceCount; number++)
        {
            RecipeSource source = recipe.SourceAt(number);
            fields[$"{before}source {number}"] = $"{source.DataId} {PointFields.Place(source.Hint)}";
        }

        for (int page = 0; page < recipe.PageCount; page++)
        {
            RecipePage taken = recipe.PageAt(page);
            fields[$"{before}page {page}"] = taken.IsZero
                ? "zero"
                : string.Create(CultureInfo.InvariantCulture, $"{taken.Source} {taken.Slot}");
        }
    }

    public static byte[] RewriteRecord(byte[] bytes)
    {
        Recipe recipe = Rewrite(ReadRecord(bytes));
        byte[] output = new byte[DeltaRecord.LengthBytes(recipe.SourceCount, recipe.PageCount)];
        DeltaRecord.Write(new ChunkId(Record.Read(bytes).Id), recipe, output);
        return output;
    }

    /// <summary>The recipe made again from what can be asked of it.</summary>
    public static Recipe Rewrite(Recipe recipe) => Recipe.Make(
        [.. Enumerable.Range(0, recipe.SourceCount).Select(recipe.SourceAt)],
        [.. Enumerable.Range(0, recipe.PageCount).Select(recipe.PageAt)]);

    private static Recipe ReadRecord(byte[] bytes) =>
        DeltaRecord.Read(Record.Read(bytes), Structures.ChunkSizeBytes / Limits.FormatLimits.PageSizeBytes);
}
