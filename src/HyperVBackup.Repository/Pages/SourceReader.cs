using System.Buffers;
using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Pages;

/// <summary>Reads the records that hold the pages of a chunk stored before, and hashes them: what it returns stands
/// now, and is what it says. Thread-safe.</summary>
/// <param name="absent">Packs that nothing is taken from.</param>
/// <param name="watch">Told of what is not good where it was looked for.</param>
internal sealed class SourceReader(IBlobStore store, ContentHasher hasher, int pagesPerChunk, AbsentSet absent,
    DamageWatch? watch = null)
{
    /// <summary>The whole records a chunk's pages are in: its own one, or those its recipe names.</summary>
    /// <param name="place">Where the chunk's record may lie; a wrong or unknown place gives nothing.</param>
    public async ValueTask AddSourcesAsync(RecordPlace place, List<PageSource> sources, CancellationToken token)
    {
        (PageSource? source, Recipe? recipe) = await TryReadAsync(place, token);
        Add(source, sources);
        for (int number = 0; number < (recipe?.SourceCount ?? 0); number++)
        {
            RecipeSource named = recipe!.SourceAt(number);
            (source, _) = await TryReadAsync(named.Hint, token);
            Add(source?.DataId == named.DataId ? source : null, sources);
        }
    }

    private static void Add(PageSource? source, List<PageSource> sources)
    {
        if (source is not null && !sources.Exists(known => known.DataId == source.DataId))
        {
            sources.Add(source);
        }
    }

    private async ValueTask<(PageSource? Source, Recipe? Recipe)> TryReadAsync(
        RecordPlace place, CancellationToken token)
    {
        int chunkSizeBytes = pagesPerChunk * FormatLimits.PageSizeBytes;
        if (place.IsUnknown || absent.Contains(place.Pack)
            || place.LengthBytes > ChunkRecord.EncodedSizeMax(chunkSizeBytes))
        {
            return default;
        }

        int lengthBytes = (int)place.LengthBytes;
        byte[] bytes = ArrayPool<byte>.Shared.Rent(lengthBytes);
        try
        {
            int? count = await store.TryReadAsync(
                new BlobName(place.Pack.BlobName), place.OffsetBytes, bytes.AsMemory(0, lengthBytes), token);
            return count == lengthBytes ? Decode(bytes.AsSpan(0, lengthBytes), place) : default;
        }
        catch (Exception failure) when (failure is CorruptDataException or StoreException)
        {
            watch?.Suspect(place);
            return default; // nothing is taken from there
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private (PageSource? Source, Recipe? Recipe) Decode(ReadOnlySpan<byte> bytes, RecordPlace place)
    {
        Record record = Record.Read(bytes);
        if (record.Type == RecordType.Delta)
        {
            return (null, DeltaRecord.Read(record, pagesPerChunk));
        }

        byte[] chunk = ArrayPool<byte>.Shared.Rent(pagesPerChunk * FormatLimits.PageSizeBytes);
        try
        {
            Span<byte> pages = chunk.AsSpan(0, pagesPerChunk * FormatLimits.PageSizeBytes);
            ChunkRecord.Decode(record, pages);
            Digest[] hashes = new Digest[pagesPerChunk];
            bool isWhatItSays = hasher.IdOfChunk(pages, hashes).Value == record.Id;
            return (isWhatItSays ? new PageSource(record.Id, place, hashes) : null, null);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }
}
