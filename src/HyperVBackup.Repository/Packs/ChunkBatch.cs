using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Maps;

namespace HyperVBackup.Repository.Packs;

/// <summary>One batch of chunks being read, and the room for it. Used again and again; one thread at a time.</summary>
internal sealed class ChunkBatch
{
    private readonly ChunkReader reader;
    private readonly RecordGroups groups;
    private readonly RecipeSources sources;
    private readonly List<RecordPlace> places = [];
    private readonly List<(int Position, Recipe Recipe)> recipes = [];
    private readonly List<int> elsewhere = [];
    private readonly List<(Digest Id, RecordPlace Hint)> missing = [];
    private readonly AheadCopies? ahead;

    /// <param name="ahead">Finds what is missing before it is read, much of it at once; null where one by one will do.
    /// </param>
    public ChunkBatch(RecordFinder finder, ChunkReader reader, DataRecordCache cache, AheadCopies? ahead)
    {
        (this.reader, this.ahead) = (reader, ahead);
        groups = new RecordGroups(finder);
        sources = new RecipeSources(groups, cache);
    }

    /// <summary>Whole records read so far.</summary>
    public int RecordCount { get; private set; }

    public int RecipeCount => recipes.Count;

    public async ValueTask ReadAsync(
        ReadOnlyMemory<MapChunk> chunks, Memory<byte> bytes, int chunkSizeBytes, CancellationToken token)
    {
        await ReadRecordsAsync(chunks, chunkSizeBytes, token);
        for (int position = 0; position < chunks.Length; position++)
        {
            Decode(chunks.Span[position], position, bytes.Span.Slice(position * chunkSizeBytes, chunkSizeBytes));
        }

        if (recipes.Count > 0)
        {
            await sources.ReadAsync(chunkSizeBytes / FormatLimits.PageSizeBytes, token);
            RecordCount += sources.ReadCount;
        }

        foreach ((int position, Recipe recipe) in recipes)
        {
            Memory<byte> chunk = bytes.Slice(position * chunkSizeBytes, chunkSizeBytes);
            if (!sources.TryPutTogether(recipe, chunk.Span) || !reader.IsChunk(chunks.Span[position].Id, chunk.Span))
            {
                elsewhere.Add(position);
                missing.AddRange(sources.MissingOf(recipe).Select(source => (source.DataId, source.Hint)));
            }
        }

        if (missing.Count > 0 && ahead is not null)
        {
            await ahead.GatherAsync(missing, token);
        }

        foreach (int position in elsewhere)
        {
            MapChunk chunk = chunks.Span[position];
            await reader.ReadAsync(
                chunk.Id, chunk.Place, bytes.Slice(position * chunkSizeBytes, chunkSizeBytes), token);
        }
    }

    /// <summary>Lets go of all that was read.</summary>
    public void Clear()
    {
        sources.Clear();
        groups.Clear();
        places.Clear();
        recipes.Clear();
        elsewhere.Clear();
        missing.Clear();
        RecordCount = 0;
    }

    private async ValueTask ReadRecordsAsync(
        ReadOnlyMemory<MapChunk> chunks, int chunkSizeBytes, CancellationToken token)
    {
        uint lengthMax = (uint)ChunkRecord.EncodedSizeMax(chunkSizeBytes);
        int pagesPerChunk = chunkSizeBytes / FormatLimits.PageSizeBytes;
        for (int position = 0; position < chunks.Length; position++)
        {
            RecordPlace place = chunks.Span[position].Place;
            if (!place.IsUnknown && place.LengthBytes <= lengthMax)
            {
                places.Add(PlannedRead.PlaceToRead(place, pagesPerChunk));
            }
        }

        await groups.ReadAsync(places, token);
    }

    private void Decode(in MapChunk chunk, int position, Span<byte> bytes)
    {
        if (reader.TryDecode(chunk.Id, groups.Find(chunk.Place), bytes, out Recipe? recipe))
        {
            RecordCount++;
        }
        else if (recipe is not null)
        {
            recipes.Add((position, recipe));
            sources.Add(recipe);
        }
        else
        {
            elsewhere.Add(position);
            missing.Add((chunk.Id.Value, chunk.Place));
        }
    }
}
