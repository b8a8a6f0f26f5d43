using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Packs;

namespace HyperVBackup.Repository.Tests.Sessions;

/// <summary>Backs disks up so that numbers from 6 on are stored as deltas: two of their pages stand in the chunk below
/// 6 of the same remainder by 5, the last one in a record of its own.</summary>
internal sealed class DeltaSample(SampleRepository sample)
{
    private const int PagesPerChunk = SampleRepository.ChunkSizeBytes / FormatLimits.PageSizeBytes;
    private const uint PackNumber = 1000;
    private readonly Dictionary<ChunkId, RecordPlace> places = [];

    /// <summary>Where the records of chunks, and of their own pages, lie.</summary>
    public IReadOnlyDictionary<ChunkId, RecordPlace> Places => places;

    /// <summary>Told the hint of each source before it is written, to make it another one.</summary>
    public Func<RecordPlace, RecordPlace> HintOf { get; set; } = place => place;

    public static async Task<(SampleRepository Sample, DeltaSample Deltas)> CreateAsync(
        int? seed = null, int parityPercent = 0)
    {
        SampleRepository sample = await SampleRepository.CreateAsync(seed, parityPercent);
        return (sample, new DeltaSample(sample));
    }

    /// <summary>The number of the chunk that a delta takes two pages from.</summary>
    public static int BaseOf(int number) => number % 5 == 0 ? 5 : number % 5;

    /// <summary>A chunk's last page and zeros.</summary>
    public static byte[] LastPageOf(int number)
    {
        byte[] chunk = SampleRepository.Chunk(number);
        chunk.AsSpan(..^FormatLimits.PageSizeBytes).Clear();
        return chunk;
    }

    public Task<RestorePoint> BackUpAsync(int[] disk, RestorePoint? parent = null, string vm = "vm") =>
        sample.BackUpAsync(disk, parent, vm, StoreAsync);

    private async Task<RecordPlace[]> StoreAsync(WritingSession session, int[] numbers)
    {
        PackName name = new(PackKind.Chunks, session.Id, PackNumber);
        await using DeltaPack pack = await DeltaPack.CreateAsync(
            sample.Store, sample.Repository.Id, name, PagesPerChunk);
        bool isEmpty = true;
        foreach (int number in numbers.Where(number => number != 0))
        {
            isEmpty &= !await AddAsync(pack, number);
        }

        if (!isEmpty)
        {
            await pack.PublishAsync();
        }

        return [.. numbers.Select(number => places.GetValueOrDefault(SampleRepository.IdOf(number)))];
    }

    /// <returns>Whether anything was to be stored.</returns>
    private async Task<bool> AddAsync(DeltaPack pack, int number)
    {
        ChunkId id = SampleRepository.IdOf(number);
        if (places.ContainsKey(id))
        {
            return false;
        }

        if (number <= 5)
        {
            places[id] = await pack.AddAsync(SampleRepository.Chunk(number));
            return true;
        }

        await AddAsync(pack, BaseOf(number));
        byte[] own = LastPageOf(number);
        places[DeltaPack.IdOf(own)] = await pack.AddAsync(own);
        byte[] from = SampleRepository.Chunk(BaseOf(number));
        places[id] = await pack.AddAsync(id, DeltaPack.RecipeOf(
            SampleRepository.Chunk(number),
            (from, HintOf(places[DeltaPack.IdOf(from)])),
            (own, HintOf(places[DeltaPack.IdOf(own)]))));
        return true;
    }
}
