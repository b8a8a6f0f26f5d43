using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Index;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Sessions;

/// <summary>Decides whether a hit of the index counts (W4): only where the tables of packs that exist in this session
/// hold the chunk complete, which is a whole record, or a recipe and every record it names. One thread at a time.
/// </summary>
/// <param name="known">Records known to be damaged: no copies.</param>
internal sealed class HitConfirmation(
    IBlobStore store, IChunkIndex index, PackTables tables, int pagesPerChunk, KnownDamage known)
{
    /// <returns>Where the chunk's record lies; <c>default</c> where the hit does not count.</returns>
    public async ValueTask<RecordPlace> ConfirmAsync(ChunkId id, RecordPlace place, CancellationToken token)
    {
        if (place.IsUnknown || await tables.TryGetAsync(place.Pack, token) is not PackTable table)
        {
            return default;
        }

        foreach (PackEntry entry in table.FindAll(id.Value))
        {
            RecordPlace found = new(place.Pack, entry.OffsetBytes, entry.LengthBytes);
            if (known.IsBad(found.Pack, found.OffsetBytes))
            {
                continue;
            }

            if (entry.Type == RecordType.Whole || await IsCompleteAsync(id, found, token))
            {
                return found;
            }
        }

        return default;
    }

    private async ValueTask<bool> IsCompleteAsync(ChunkId id, RecordPlace place, CancellationToken token)
    {
        if (await TryReadRecipeAsync(id, place, token) is not Recipe recipe)
        {
            return false;
        }

        for (int number = 0; number < recipe.SourceCount; number++)
        {
            RecipeSource source = recipe.SourceAt(number);
            if (!await HoldsAsync(source.Hint, source.DataId, token)
                && !await HoldsAsync(Find(source.DataId), source.DataId, token))
            {
                return false;
            }
        }

        return true;
    }

    private RecordPlace Find(Digest dataId)
    {
        RecordPlace place = default;
        index.Find([new ChunkId(dataId)], new Span<RecordPlace>(ref place));
        return place;
    }

    private async ValueTask<bool> HoldsAsync(RecordPlace place, Digest dataId, CancellationToken token) =>
        !place.IsUnknown
        && await tables.TryGetAsync(place.Pack, token) is PackTable table
        && table.FindAll(dataId).Exists(entry =>
            entry.Type == RecordType.Whole && !known.IsBad(place.Pack, entry.OffsetBytes));

    private async ValueTask<Recipe?> TryReadRecipeAsync(ChunkId id, RecordPlace place, CancellationToken token)
    {
        if (place.LengthBytes > DeltaRecord.LengthBytes(FormatLimits.RecipeSourceCountMax, pagesPerChunk))
        {
            return null;
        }

        byte[] bytes = new byte[place.LengthBytes];
        try
        {
            int? count = await store.TryReadAsync(
                new BlobName(place.Pack.BlobName), place.OffsetBytes, bytes, token);
            Corrupt.Unless(count == bytes.Length, "delta record: length");
            Record record = Record.Read(bytes);
            return record.Id == id.Value ? DeltaRecord.Read(record, pagesPerChunk) : null;
        }
        catch (Exception failure) when (failure is CorruptDataException or StoreException)
        {
            return null; // the chunk is stored again
        }
    }
}
