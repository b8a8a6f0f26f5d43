using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Sessions;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>
/// Measures how a restore of a disk reads, without reading its data: from its map, and the recipes of its chunks. Looks
/// at batches of chunks as a restore takes them, 64 MiB at most, spread over the disk. Used once.
/// </summary>
/// <param name="batchBytes">Of disk data that a restore reads together.</param>
internal sealed class FragmentationProbe(INodeSource nodes, RecordFinder finder, DiskMap map, int batchBytes)
{
    private const long SampleBytesMax = 64L << 20;

    /// <summary>Any will do; the same one gives the same figures each time.</summary>
    private const double Phase = 0.5;

    private readonly int pagesPerChunk = map.ChunkSizeBytes / FormatLimits.PageSizeBytes;
    private readonly int batchCountMax = Math.Max(1, batchBytes / map.ChunkSizeBytes);
    private readonly RecordGroups recipes = new(finder);
    private readonly LatestUsed<Digest, bool> kept = new(SessionLimits.DataRecordBytesMax);
    private readonly List<MapChunk> batch = [];
    private readonly List<RecordPlace> places = [];
    private readonly List<PlannedRead> reads = [];

    private long chunkCount;
    private long readCount;
    private long recordCount;

    /// <exception cref="CorruptDataException">A node cannot be read.</exception>
    public async Task<Fragmentation> MeasureAsync(CancellationToken token)
    {
        MapSample sample = await new DiskMapSampler(nodes, map, Phase)
            .ChooseAsync(batchCountMax, SampleBytesMax / map.ChunkSizeBytes, token);
        foreach (ChunkRange range in sample.Ranges)
        {
            DiskMapCursor cursor = new(new DiskMapReader(map, nodes), range.StartChunk, range.EndChunk);
            while (await cursor.MoveNextAsync(token))
            {
                batch.Add(cursor.Chunk);
                if (batch.Count == batchCountMax)
                {
                    await CountAsync(token);
                }
            }

            await CountAsync(token);
        }

        return new Fragmentation(
            chunkCount, chunkCount * map.ChunkSizeBytes, readCount, recordCount, sample.IsWhole);
    }

    private async ValueTask CountAsync(CancellationToken token)
    {
        if (batch.Count == 0)
        {
            return;
        }

        Dictionary<Digest, RecordPlace> sources = await RecipeSourcesAsync(token);
        reads.Clear();
        CountReads(batch.ConvertAll(chunk => PlannedRead.PlaceToRead(chunk.Place, pagesPerChunk)));
        CountReads([.. sources.Values.Where(place => !reads.Exists(read => read.Covers(place)))]);
        recordCount += sources.Count;
        chunkCount += batch.Count;
        batch.Clear();
    }

    /// <summary>Where nobody knows a record's place, finding it takes at least a read of its own.</summary>
    private void CountReads(List<RecordPlace> wanted)
    {
        readCount += wanted.RemoveAll(place => place.IsUnknown) - reads.Count;
        PlannedRead.Plan(wanted, reads);
        readCount += reads.Count;
    }

    /// <summary>Reads the batch's recipes and counts its whole records.</summary>
    /// <returns>The records that the recipes name, less those that are kept from before.</returns>
    private async ValueTask<Dictionary<Digest, RecordPlace>> RecipeSourcesAsync(CancellationToken token)
    {
        int recipeLengthMax = DeltaRecord.LengthBytes(FormatLimits.RecipeSourceCountMax, pagesPerChunk);
        places.Clear();
        places.AddRange(batch.Select(chunk => chunk.Place)
            .Where(place => !place.IsUnknown && place.LengthBytes <= recipeLengthMax));
        await recipes.ReadAsync(places, token);
        Dictionary<Digest, RecordPlace> sources = [];
        foreach (MapChunk chunk in batch)
        {
            if (TryReadRecipe(recipes.Find(chunk.Place)) is not Recipe recipe)
            {
                recordCount++;
                continue;
            }

            for (int number = 0; number < recipe.SourceCount; number++)
            {
                RecipeSource source = recipe.SourceAt(number);
                if (!kept.TryGet(source.DataId, out _))
                {
                    sources.TryAdd(source.DataId, source.Hint);
                }
            }
        }

        recipes.Clear();
        foreach (Digest id in sources.Keys)
        {
            kept.TryAdd(id, true, map.ChunkSizeBytes);
        }

        return sources;
    }

    /// <returns>Null where there is a whole record, or none that is good: what a restore does then is not foreseen.
    /// </returns>
    private Recipe? TryReadRecipe(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return null;
        }

        try
        {
            Record record = Record.Read(bytes);
            return record.Type == RecordType.Delta ? DeltaRecord.Read(record, pagesPerChunk) : null;
        }
        catch (CorruptDataException)
        {
            return null; // verify reports it
        }
    }
}
