using System.Buffers;
using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Packs;

/// <summary>
/// Reads one chunk from any complete copy: a whole record, or a recipe and a record of each data id it names, wherever
/// that lies. A copy that is damaged, or lacks a source, is passed over. Thread-safe. What is returned has the id that
/// was asked for.
/// </summary>
/// <param name="watch">Told of what is not good where it was looked for.</param>
internal sealed class ChunkReader(IRecordCopies records, ContentHasher hasher, DamageWatch? watch = null)
{
    /// <exception cref="RepositoryDamagedException">No complete copy is left.</exception>
    public async ValueTask ReadAsync(ChunkId id, RecordPlace hint, Memory<byte> chunk, CancellationToken token)
    {
        if (!hint.IsUnknown && await TryReadAtAsync(id, hint, chunk, token))
        {
            return;
        }

        await foreach (RecordPlace place in records.CopiesAsync(PackKind.Chunks, id.Value, token))
        {
            if (place != hint && await TryReadAtAsync(id, place, chunk, token))
            {
                return;
            }
        }

        if (!hint.IsUnknown && await TryReadAtAsync(id, hint, chunk, token))
        {
            return; // the store may have failed for a moment only, and searching takes long
        }

        watch?.Lose(RecordType.Whole, id.Value);
        throw new RepositoryDamagedException($"Chunk {id} has no good copy left in '{records.Description}'.");
    }

    /// <summary>Decodes a chunk's record, if it is a good one: a whole record into the chunk, a delta into the recipe.
    /// </summary>
    /// <returns>True where the chunk is read; false where it is to be put together, or there is no good record.
    /// </returns>
    public bool TryDecode(ChunkId id, ReadOnlySpan<byte> recordBytes, Span<byte> chunk, out Recipe? recipe)
    {
        recipe = null;
        try
        {
            Record record = Record.Read(recordBytes);
            Corrupt.Unless(record.Id == id.Value, "record: not the one looked for");
            if (record.Type == RecordType.Delta)
            {
                recipe = DeltaRecord.Read(record, chunk.Length / FormatLimits.PageSizeBytes);
                return false;
            }

            ChunkRecord.Decode(record, chunk);
            return IsChunk(id, chunk);
        }
        catch (CorruptDataException)
        {
            return false; // another copy is looked for; the verb that reports damage is verify
        }
    }

    /// <summary>Whether the bytes are those of the chunk.</summary>
    public bool IsChunk(ChunkId id, ReadOnlySpan<byte> chunk)
    {
        const int PagesOnStack = 64;
        int pageCount = chunk.Length / FormatLimits.PageSizeBytes;
        Span<Digest> pages = pageCount <= PagesOnStack ? stackalloc Digest[pageCount] : new Digest[pageCount];
        return hasher.IdOfChunk(chunk, pages) == id;
    }

    private async ValueTask<bool> TryReadAtAsync(
        ChunkId id, RecordPlace place, Memory<byte> chunk, CancellationToken token)
    {
        (bool isRead, Recipe? recipe) = await TryReadRecordAsync(id, place, chunk, token);
        return isRead || (recipe is not null && await TryPutTogetherAsync(id, recipe, chunk, token));
    }

    private async ValueTask<(bool IsRead, Recipe? Recipe)> TryReadRecordAsync(
        ChunkId id, RecordPlace place, Memory<byte> chunk, CancellationToken token)
    {
        int lengthBytes = checked((int)Math.Min(place.LengthBytes, (uint)ChunkRecord.EncodedSizeMax(chunk.Length)));
        byte[] buffer = ArrayPool<byte>.Shared.Rent(lengthBytes);
        try
        {
            BlobName blob = new(place.Pack.BlobName);
            int? count = await records.TryReadAsync(blob, place.OffsetBytes, buffer.AsMemory(0, lengthBytes), token);
            Recipe? recipe = null;
            bool isRead = count == lengthBytes
                && TryDecode(id, buffer.AsSpan(0, lengthBytes), chunk.Span, out recipe);
            if (!isRead && recipe is null)
            {
                watch?.Suspect(place);
            }

            return (isRead, recipe);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask<bool> TryPutTogetherAsync(
        ChunkId id, Recipe recipe, Memory<byte> chunk, CancellationToken token)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(chunk.Length);
        Memory<byte> source = buffer.AsMemory(0, chunk.Length);
        try
        {
            chunk.Span.Clear();
            for (int number = 0; number < recipe.SourceCount; number++)
            {
                if (!await TryReadSourceAsync(recipe.SourceAt(number), source, token))
                {
                    return false;
                }

                recipe.CopyPages(number, source.Span, chunk.Span);
            }

            return IsChunk(id, chunk.Span);
        }
        catch (CorruptDataException)
        {
            return false; // a source does not hold a page that the recipe takes
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Reads a record that a recipe names: always a whole one, so reading is one step deep.</summary>
    private async ValueTask<bool> TryReadSourceAsync(RecipeSource named, Memory<byte> source, CancellationToken token)
    {
        ChunkId id = new(named.DataId);
        if (!named.Hint.IsUnknown && (await TryReadRecordAsync(id, named.Hint, source, token)).IsRead)
        {
            return true;
        }

        await foreach (RecordPlace place in records.CopiesAsync(PackKind.Chunks, named.DataId, token))
        {
            if (place != named.Hint && (await TryReadRecordAsync(id, place, source, token)).IsRead)
            {
                return true;
            }
        }

        return false;
    }
}
