using System.Runtime.InteropServices;
using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Repository.Packs;

/// <summary>The records that the recipes of one batch take pages from, each once. Used again and again; one thread at
/// a time.</summary>
internal sealed class RecipeSources(RecordGroups groups, DataRecordCache cache)
{
    private readonly Dictionary<Digest, int> numbers = [];
    private readonly List<RecipeSource> sources = [];
    private readonly List<DataRecord?> records = [];
    private readonly List<DataRecord> fresh = [];
    private readonly List<RecordPlace> places = [];

    /// <summary>The count of records that had to be read.</summary>
    public int ReadCount => fresh.Count;

    public void Add(Recipe recipe)
    {
        for (int number = 0; number < recipe.SourceCount; number++)
        {
            RecipeSource source = recipe.SourceAt(number);
            if (numbers.TryAdd(source.DataId, sources.Count))
            {
                sources.Add(source);
            }
        }
    }

    /// <summary>Gets all sources added, from the cache or from where they are said to lie.</summary>
    public async ValueTask ReadAsync(int pagesPerChunk, CancellationToken token)
    {
        CollectionsMarshal.SetCount(records, sources.Count);
        CollectionsMarshal.AsSpan(records).Clear();
        cache.Find(CollectionsMarshal.AsSpan(sources), CollectionsMarshal.AsSpan(records));
        uint lengthMax = (uint)ChunkRecord.EncodedSizeMax(pagesPerChunk * FormatLimits.PageSizeBytes);
        for (int number = 0; number < sources.Count; number++)
        {
            RecordPlace place = sources[number].Hint;
            if (records[number] is null && !place.IsUnknown && place.LengthBytes <= lengthMax)
            {
                places.Add(place);
            }
        }

        await groups.ReadAsync(places, token);
        for (int number = 0; number < sources.Count; number++)
        {
            RecipeSource source = sources[number];
            if (records[number] is null
                && DataRecord.TryDecode(source.DataId, groups.Find(source.Hint), pagesPerChunk) is DataRecord record)
            {
                records[number] = record;
                fresh.Add(record);
            }
        }

        cache.Keep(CollectionsMarshal.AsSpan(fresh));
    }

    /// <summary>Those of a recipe that are not where it says.</summary>
    public IEnumerable<RecipeSource> MissingOf(Recipe recipe) => Enumerable.Range(0, recipe.SourceCount)
        .Select(number => numbers[recipe.DataIdAt(number)])
        .Where(number => records[number] is null)
        .Select(number => sources[number]);

    /// <summary>Puts a chunk together; whether it is the right one is for the caller to ask.</summary>
    /// <returns>False where a source is missing, or does not hold a page that the recipe takes.</returns>
    public bool TryPutTogether(Recipe recipe, Span<byte> chunk)
    {
        const int PageSizeBytes = FormatLimits.PageSizeBytes;
        Span<int> known = stackalloc int[recipe.SourceCount];
        for (int number = 0; number < known.Length; number++)
        {
            known[number] = numbers[recipe.DataIdAt(number)];
            if (records[known[number]] is null)
            {
                return false;
            }
        }

        for (int page = 0; page < recipe.PageCount; page++)
        {
            RecipePage taken = recipe.PageAt(page);
            Span<byte> output = chunk.Slice(page * PageSizeBytes, PageSizeBytes);
            if (taken.IsZero)
            {
                output.Clear();
            }
            else if (!records[known[taken.Source]]!.TryCopyPage(taken.Slot, output))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Lets go of all records.</summary>
    public void Clear()
    {
        records.ForEach(record => record?.Release());
        records.Clear();
        fresh.Clear();
        sources.Clear();
        numbers.Clear();
        places.Clear();
    }
}
