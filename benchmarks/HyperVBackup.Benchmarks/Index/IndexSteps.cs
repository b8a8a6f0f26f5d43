using System.Diagnostics;
using System.Globalization;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Index;

namespace HyperVBackup.Benchmarks.Index;

/// <summary>The steps, each of which opens the index, does one thing and says what it took.</summary>
internal static class IndexSteps
{
    private const int BatchCount = 256;
    private const int LookUpsAtOnce = 256 * BatchCount;
    private const int LookUpCount = 100 * LookUpsAtOnce;
    private const int PacksAtOnce = 100;
    private const int IncrementalCount = 1000;
    private static readonly RepositoryId repository = new(new byte[RepositoryId.SizeBytes]);

    public static void Run(IndexOrder order, TextWriter output)
    {
        Timing start = Timing.Now();
        IChunkIndex index = ChunkIndexFolder.Open(
            order.Folder, repository, ChunkIndexFolder.BudgetOf(order.MemoryBytes));
        Timing opening = Timing.Now() - start;
        string result = order.Step switch
        {
            "load" => Load(index, order.EntryCount),
            "open" => "",
            "miss" => LookUp(index, order.EntryCount, isHit: false),
            "hit" => LookUp(index, order.EntryCount, isHit: true),
            "incremental" => AddFew(index, order.EntryCount, start),
            _ => throw new ArgumentException($"'{order.Step}' is no step."),
        };
        Invariant.Check(index.State != ChunkIndexState.Abandoned);
        output.WriteLine($"{order.Step,-11} opened in {opening}; {result}{Memory()}");
        if (order.Step == "load")
        {
            output.WriteLine(FilesIn(order.Folder));
        }

        index.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    private static string Load(IChunkIndex index, long entryCount)
    {
        IndexEntry[] entries = new IndexEntry[SyntheticChunks.ChunksInPack * PacksAtOnce];
        Timing adding = default;
        Timing start;
        for (long pack = 0; pack < entryCount / SyntheticChunks.ChunksInPack; pack += PacksAtOnce)
        {
            SyntheticChunks.FillPacks(pack, entries);
            start = Timing.Now();
            for (int next = 0; next < PacksAtOnce; next++)
            {
                PackName name = SyntheticChunks.Pack(pack + next);
                index.Add(name, entries.AsSpan(next * SyntheticChunks.ChunksInPack, SyntheticChunks.ChunksInPack));
                index.Cover(name.Session);
            }

            adding += Timing.Now() - start;
        }

        start = Timing.Now();
        index.SaveAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
        Timing saving = Timing.Now() - start;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"added {adding.Rate(entryCount)}, saved in {saving}, in all {(adding + saving).Rate(entryCount)}; "
            + $"{index.EntryCount:N0} indexed, {index.NotIndexedCount:N0} given up; ");
    }

    /// <summary>Uniformly random look-ups: the first tenth apart, as the table is read then.</summary>
    private static string LookUp(IChunkIndex index, long entryCount, bool isHit)
    {
        Random random = new(2026);
        int firstCount = LookUpCount / 10;
        Timing first = Find(index, entryCount, isHit, random, firstCount);
        Timing rest = Find(index, entryCount, isHit, random, LookUpCount - firstCount);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"first {firstCount:N0} in {first}, then {rest.Rate(LookUpCount - firstCount)}; ");
    }

    private static Timing Find(IChunkIndex index, long entryCount, bool isHit, Random random, int count)
    {
        ChunkId[] ids = new ChunkId[LookUpsAtOnce];
        long[] numbers = new long[LookUpsAtOnce];
        RecordPlace[] places = new RecordPlace[LookUpsAtOnce];
        Timing finding = default;
        for (int done = 0; done < count; done += LookUpsAtOnce)
        {
            for (int position = 0; position < LookUpsAtOnce; position++)
            {
                numbers[position] = random.NextInt64(entryCount) + (isHit ? 0 : entryCount * 2);
                ids[position] = SyntheticChunks.Id(numbers[position]);
            }

            Timing start = Timing.Now();
            for (int batch = 0; batch < LookUpsAtOnce; batch += BatchCount)
            {
                index.Find(ids.AsSpan(batch, BatchCount), places.AsSpan(batch, BatchCount));
            }

            finding += Timing.Now() - start;
            for (int position = 0; position < LookUpsAtOnce; position++)
            {
                Invariant.Check(places[position] == (isHit ? SyntheticChunks.Place(numbers[position]) : default));
            }
        }

        return finding;
    }

    /// <summary>What an incremental of a thousand chunks asks of the index: one in ten is known.</summary>
    private static string AddFew(IChunkIndex index, long entryCount, Timing openingStart)
    {
        ChunkId[] ids = new ChunkId[IncrementalCount];
        for (int position = 0; position < ids.Length; position++)
        {
            bool isKnown = position % 10 == 0;
            ids[position] = SyntheticChunks.Id(isKnown ? position * (entryCount / ids.Length) : entryCount + position);
        }

        Timing start = Timing.Now();
        index.Find(ids, new RecordPlace[ids.Length]);
        Timing finding = Timing.Now() - start;
        start = Timing.Now();
        IndexEntry[] entries = new IndexEntry[IncrementalCount];
        long pack = entryCount / SyntheticChunks.ChunksInPack;
        SyntheticChunks.FillPacks(pack, entries);
        index.Add(SyntheticChunks.Pack(pack), entries);
        index.Cover(SyntheticChunks.Session(-1));
        index.SaveAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
        Timing end = Timing.Now();
        return $"1,000 found in {finding}, added and saved in {end - start}, in all {end - openingStart}; ";
    }

    private static string FilesIn(string folder)
    {
        IEnumerable<FileInfo> files = new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories);
        return "            files: " + string.Join(", ", files.OrderBy(file => file.Name).Select(file => string.Create(
            CultureInfo.InvariantCulture, $"{file.Name} {file.Length / (double)(1 << 20):F1} MiB")));
    }

    private static string Memory()
    {
        using Process process = Process.GetCurrentProcess();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"memory {process.WorkingSet64 >> 20} MiB, at most {process.PeakWorkingSet64 >> 20} MiB, of it "
            + $"collected heap {GC.GetTotalMemory(false) >> 20} MiB");
    }
}
