using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>
/// Checks one copy of a pack: header, footer, the ids that follow from the page hashes, the recipes by themselves, and,
/// when asked to, every record, decoded and hashed or held against the footer's recipe, as well as that records fill
/// the file without gaps. One thread at a time.
/// </summary>
/// <param name="pagesPerChunk">What footers say, where records are to be found by themselves, and checked, if header or
/// footer are bad; 0 to take a pack for lost then.</param>
internal sealed class PackCheck(
    IBlobStore store, RepositoryId repository, ContentHasher hasher, int pagesPerChunk = 0)
{
    private const int WindowBytes = 4 << 20;

    private byte[] window = [];
    private long windowStartBytes;
    private byte[] chunk = [];
    private Digest[] pages = [];
    private PackRecipes? recipes;

    public long BytesRead { get; private set; }

    public long RecordCount { get; private set; }

    /// <summary>Of the file; 0 where it is missing, or its header or table are bad.</summary>
    public long LengthBytes { get; private set; }

    /// <param name="found">Told what is wrong: offset, words, and the id of the record that is lost, if one is.</param>
    /// <param name="lost">Told instead that nothing in this copy is left.</param>
    public async Task RunAsync(
        PackName name, string blobName, PackParts parts, Action<long, string, Digest> found,
        Action<long, string> lost, CancellationToken token)
    {
        PackFile? pack;
        try
        {
            pack = await PackFile.TryOpenAsync(store, repository, name, blobName, token);
        }
        catch (PackDamagedException damage)
        {
            await CheckWhatIsLeftAsync(name, new BlobName(blobName), damage, found, lost, token);
            return;
        }

        if (pack is null)
        {
            lost(0, "the pack is missing");
            return;
        }

        LengthBytes = pack.LengthBytes;
        if (name.Kind == PackKind.Chunks)
        {
            bool isFrame = parts.HasFlag(PackParts.Frame);
            await (isFrame ? CheckPagesAsync(pack, found, token) : Task.CompletedTask);
            await CheckRecipesAsync(pack, isFrame ? found : (_, _, _) => { }, token); // which records are held against
        }

        if (parts.HasFlag(PackParts.Records))
        {
            await CheckRecordsAsync(pack, found, token);
        }
    }

    private async Task CheckWhatIsLeftAsync(
        PackName name, BlobName blob, PackDamagedException damage, Action<long, string, Digest> found,
        Action<long, string> lost, CancellationToken token)
    {
        if (pagesPerChunk == 0
            || await PackScan.TryReadAsync(store, repository, name, blob.Path, token) is not PackTable table)
        {
            lost(damage.OffsetBytes, damage.What);
            return;
        }

        found(damage.OffsetBytes, damage.What, default);
        PackEntry[] entries = [.. table.Entries.OrderBy(entry => entry.OffsetBytes)];
        for (int first = 0; first < entries.Length;)
        {
            int end = WindowEnd(entries, first);
            int? read = await ReadWindowAsync(blob, entries[first], entries[end - 1], token);
            if (read is null && end > first + 1)
            {
                end = first + 1; // by itself, as in CheckRecordsAsync
                read = await ReadWindowAsync(blob, entries[first], entries[first], token);
            }

            for (; first < end; first++)
            {
                Check(table, entries[first], pagesPerChunk, WindowOf(entries[first], read), found);
            }
        }
    }

    private async Task CheckPagesAsync(PackFile pack, Action<long, string, Digest> found, CancellationToken token)
    {
        try
        {
            (await pack.ReadPagesAsync(token)).CheckIds(hasher);
        }
        catch (CorruptDataException complaint)
        {
            found(pack.Trailer.PageSectionStartBytes, complaint.Message, default);
        }

        BytesRead += pack.LengthBytes - pack.Trailer.PageSectionStartBytes;
    }

    private async Task CheckRecipesAsync(PackFile pack, Action<long, string, Digest> found, CancellationToken token)
    {
        try
        {
            recipes = await pack.ReadRecipesAsync(token);
        }
        catch (CorruptDataException complaint)
        {
            found(pack.Trailer.RecipeSectionStartBytes, complaint.Message, default);
        }
    }

    private async Task CheckRecordsAsync(PackFile pack, Action<long, string, Digest> found, CancellationToken token)
    {
        PackEntry[] entries = [.. pack.Table.Entries.OrderBy(entry => entry.OffsetBytes)];
        long expectedBytes = FileHeader.SizeBytes;
        for (int first = 0; first < entries.Length;)
        {
            int end = WindowEnd(entries, first);
            int? read = await ReadWindowAsync(pack.Blob, entries[first], entries[end - 1], token);
            if (read is null && end > first + 1)
            {
                end = first + 1; // by itself, so that an unreadable place costs the records there only
                read = await ReadWindowAsync(pack.Blob, entries[first], entries[first], token);
            }

            for (; first < end; first++)
            {
                PackEntry entry = entries[first];
                if (entry.OffsetBytes != expectedBytes)
                {
                    found(expectedBytes, "bytes that no record accounts for", default);
                }

                expectedBytes = (long)entry.OffsetBytes + entry.LengthBytes;
                Check(pack.Table, entry, pack.Trailer.PagesPerChunk, WindowOf(entry, read), found);
            }
        }

        if (expectedBytes != pack.Trailer.PageSectionStartBytes)
        {
            found(expectedBytes, "bytes that no record accounts for", default);
        }
    }

    private static int WindowEnd(PackEntry[] entries, int first)
    {
        int end = first + 1;
        while (end < entries.Length
            && (long)entries[end].OffsetBytes + entries[end].LengthBytes - entries[first].OffsetBytes <= WindowBytes)
        {
            end++;
        }

        return end;
    }

    private async Task<int?> ReadWindowAsync(
        BlobName blob, PackEntry first, PackEntry last, CancellationToken token)
    {
        int lengthBytes = checked((int)((long)last.OffsetBytes + last.LengthBytes - first.OffsetBytes));
        if (window.Length < lengthBytes)
        {
            window = GC.AllocateUninitializedArray<byte>(Math.Max(lengthBytes, WindowBytes));
        }

        windowStartBytes = first.OffsetBytes;
        try
        {
            int? read = await store.TryReadAsync(blob, windowStartBytes, window.AsMemory(0, lengthBytes), token);
            BytesRead += read ?? 0;
            return read;
        }
        catch (StoreException)
        {
            return null; // reported as damage of the records there
        }
    }

    private ReadOnlySpan<byte> WindowOf(PackEntry entry, int? read)
    {
        int start = (int)(entry.OffsetBytes - windowStartBytes);
        int length = (int)Math.Clamp((read ?? 0) - start, 0, entry.LengthBytes);
        return window.AsSpan(start, length);
    }

    private void Check(
        PackTable table, PackEntry entry, int pageCount, ReadOnlySpan<byte> bytes,
        Action<long, string, Digest> found)
    {
        try
        {
            Record record = Record.Read(bytes);
            Corrupt.Unless(entry.IsOf(record), "record: not as the pack's table says");
            Digest id = record.Type switch
            {
                RecordType.Whole => IdOfChunk(record, pageCount),
                RecordType.Delta => CheckRecipe(record, entry, table, pageCount),
                RecordType.Node => hasher.IdOfNode(MapNode.HashedPartOf(PlainRecord.Read(record))).Value,
                _ => hasher.IdOfList(PlainRecord.Read(record)).Value,
            };
            Corrupt.Unless(id == entry.Id, "record: content does not match its id");
            RecordCount++;
        }
        catch (CorruptDataException complaint)
        {
            found(entry.OffsetBytes, complaint.Message, entry.Id);
        }
    }

    private Digest IdOfChunk(in Record record, int pageCount)
    {
        if (pages.Length != pageCount)
        {
            pages = new Digest[pageCount];
            chunk = new byte[pageCount * FormatLimits.PageSizeBytes];
        }

        ChunkRecord.Decode(record, chunk);
        return hasher.IdOfChunk(chunk, pages).Value;
    }

    /// <summary>Holds a delta against the footer's recipe, which others are to show to make the chunk.</summary>
    /// <returns>The id of the record: a recipe alone cannot tell it.</returns>
    private Digest CheckRecipe(in Record record, in PackEntry entry, PackTable table, int pageCount)
    {
        Recipe recipe = DeltaRecord.Read(record, pageCount);
        int index = table.FirstFrom(entry.Id);
        while (table[index].OffsetBytes != entry.OffsetBytes)
        {
            index++;
        }

        Corrupt.Unless(
            recipes is null || recipe.Body.SequenceEqual(recipes[index].Body),
            "record: its recipe is not as the pack's footer says");
        return record.Id;
    }
}
