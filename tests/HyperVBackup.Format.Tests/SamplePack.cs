using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Format.Tests;

/// <summary>Reads a whole pack and checks everything in it, each record against the footer and its id. Deltas are put
/// together where the pack holds all their sources.</summary>
internal sealed class SamplePack(byte[] bytes, FileHeader header, PackTrailer trailer, PackTable table)
{
    public FileHeader Header => header;

    public PackTrailer Trailer => trailer;

    public PackTable Table => table;

    public IEnumerable<PackEntry> EntriesByOffset =>
        Enumerable.Range(0, table.Count).Select(index => table[index]).OrderBy(entry => entry.OffsetBytes);

    private int ChunkSizeBytes => trailer.PagesPerChunk * FormatLimits.PageSizeBytes;

    public static SamplePack Read(byte[] bytes)
    {
        FileHeader header = FileHeader.Read(bytes);
        Corrupt.Unless(bytes.Length >= FileHeader.SizeBytes + PackTrailer.SizeBytes, "pack: length");
        PackTrailer trailer = PackTrailer.Read(bytes.AsSpan(bytes.Length - PackTrailer.SizeBytes), bytes.Length);
        ReadOnlySpan<byte> tableBytes = bytes.AsSpan((int)trailer.TableStartBytes, trailer.TableLengthBytes);
        SamplePack pack = new(bytes, header, trailer, PackTable.Read(tableBytes, trailer));
        if (trailer.PagesPerChunk != 0)
        {
            pack.CheckPages();
        }

        foreach (PackEntry entry in pack.EntriesByOffset)
        {
            Corrupt.Unless(entry.IsOf(pack.RecordOf(entry)), "pack: a record is not its entry");
        }

        pack.CheckRecipes();

        return pack;
    }

    public Record RecordOf(PackEntry entry) =>
        Record.Read(bytes.AsSpan((int)entry.OffsetBytes, (int)entry.LengthBytes));

    public byte[] ChunkOf(PackEntry entry)
    {
        byte[] chunk = new byte[ChunkSizeBytes];
        ChunkRecord.Decode(bytes.AsSpan((int)entry.OffsetBytes, (int)entry.LengthBytes), chunk);
        return chunk;
    }

    public Recipe RecipeOf(PackEntry entry) => DeltaRecord.Read(RecordOf(entry), trailer.PagesPerChunk);

    /// <summary>The chunk of a delta record; null where a source lies elsewhere.</summary>
    public byte[]? PutTogether(Recipe recipe)
    {
        byte[] chunk = new byte[ChunkSizeBytes];
        for (int number = 0; number < recipe.SourceCount; number++)
        {
            PackEntry source = table.FindAll(recipe.DataIdAt(number))
                .Find(entry => entry.Type == RecordType.Whole);
            if (source.Id.IsZero)
            {
                return null;
            }

            recipe.CopyPages(number, ChunkOf(source), chunk);
        }

        return chunk;
    }

    private void CheckRecipes()
    {
        ReadOnlySpan<byte> section = bytes.AsSpan(
            (int)trailer.RecipeSectionStartBytes, (int)trailer.RecipeSectionLengthBytes);
        PackRecipes recipes = PackRecipes.Read(section, trailer, table);
        for (int index = 0; index < table.Count; index++)
        {
            PackEntry entry = table[index];
            if (entry.Type != RecordType.Delta)
            {
                continue;
            }

            Recipe recipe = RecipeOf(entry);
            Corrupt.Unless(recipes[index].Body.SequenceEqual(recipe.Body), "pack: a recipe is not that of its record");
            if (PutTogether(recipe) is byte[] chunk)
            {
                Digest[] hashes = new Digest[trailer.PagesPerChunk];
                Corrupt.Unless(
                    ContentHasher.Plain.IdOfChunk(chunk, hashes).Value == entry.Id,
                    "pack: what a recipe makes is not that of the id");
            }
        }
    }

    private void CheckPages()
    {
        Memory<byte> section = bytes.AsMemory(
            (int)trailer.PageSectionStartBytes, (int)trailer.PageSectionLengthBytes);
        PackPages pages = PackPages.Read(section, trailer, table);
        pages.CheckIds(ContentHasher.Plain);
        Digest[] fromFooter = new Digest[trailer.PagesPerChunk];
        Digest[] fromRecord = new Digest[trailer.PagesPerChunk];
        for (int index = 0; index < table.Count; index++)
        {
            if (table[index].Type != RecordType.Whole)
            {
                continue;
            }

            pages.GetHashes(index, fromFooter);
            ContentHasher.Plain.IdOfChunk(ChunkOf(table[index]), fromRecord);
            Corrupt.Unless(fromFooter.AsSpan().SequenceEqual(fromRecord), "pack: page hashes");
            for (int page = 0; page < fromFooter.Length; page++)
            {
                Digest hash = fromFooter[page];
                Corrupt.Unless(pages.HashAt(index, page) == hash, "pack: hash of one page");
                int first = hash.IsZero ? -1 : Array.IndexOf(fromFooter, hash);
                Corrupt.Unless(hash.IsZero || pages.PageOf(index, hash) == first, "pack: page of a hash");
            }
        }
    }
}
