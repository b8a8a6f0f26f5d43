using HyperVBackup.Format.Codecs;

namespace HyperVBackup.Format.Records;

/// <summary>Writes and reads delta records: the recipe of one chunk, as in repo-format/delta-record.md. The pages that
/// stood nowhere yet are a whole record of their own. Thread-safe.</summary>
public static class DeltaRecord
{
    /// <summary>The length of the record of a recipe.</summary>
    public static int LengthBytes(int sourceCount, int pageCount) =>
        RecordHeader.SizeBytes + Recipe.LengthBytes(sourceCount, pageCount);

    /// <param name="id">Of the chunk that the recipe puts together.</param>
    /// <param name="output">At least <see cref="LengthBytes"/> bytes.</param>
    /// <returns>The length of the record.</returns>
    public static int Write(ChunkId id, Recipe recipe, Span<byte> output)
    {
        if (id.IsZero)
        {
            throw new ArgumentException("A chunk of zeros is never stored.", nameof(id));
        }

        int lengthBytes = recipe.Body.Length;
        recipe.Body.CopyTo(output[RecordHeader.SizeBytes..]);
        RecordHeader header = new(
            RecordType.Delta, Codec.None, lengthBytes, lengthBytes, ExtensionLengthBytes: 0, id.Value);
        header.Seal(output);
        return header.TotalLengthBytes;
    }

    /// <summary>The recipe in a record. Whether it makes the chunk of the record's id is for the caller to ask.
    /// </summary>
    /// <exception cref="CorruptDataException">No recipe, or none of a chunk of so many pages.</exception>
    public static Recipe Read(in Record record, int pagesPerChunk)
    {
        Corrupt.Unless(record.Type == RecordType.Delta, "delta record: type");
        Recipe recipe = Recipe.Read(record.Body);
        Corrupt.Unless(recipe.PageCount == pagesPerChunk, "delta record: page count");
        return recipe;
    }
}
