using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Index;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Pages;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;
using Record = HyperVBackup.Format.Records.Record;

namespace HyperVBackup.Repository.Tests.Pages;

/// <summary>Chunks of 16 pages stored as a backup stores them, in a store in memory. A page is a number: 0 is zeros,
/// every other number a page of its own.</summary>
internal sealed class PageSample
{
    public const int PagesPerChunk = 16;
    public const int ChunkSizeBytes = PagesPerChunk * FormatLimits.PageSizeBytes;
    private static readonly RepositoryId Repository = new("repository, here"u8);
    private byte sessionCount;

    public MemoryStore Store { get; } = new();

    /// <summary>What the sessions from now on do not rely on.</summary>
    public AbsentSet Absent { get; set; } = AbsentSet.None;

    public MemoryChunkIndex Index { get; } = new(64 << 20);

    /// <summary>What the last session stored.</summary>
    public List<PackEntry> LastEntries { get; } = [];

    public static byte[] Chunk(int[] pages)
    {
        byte[] bytes = new byte[ChunkSizeBytes];
        for (int page = 0; page < pages.Length; page++)
        {
            if (pages[page] != 0)
            {
                Span<byte> place = bytes.AsSpan(page * FormatLimits.PageSizeBytes, FormatLimits.PageSizeBytes);
                place.Fill((byte)(pages[page] % 251));
                BitConverter.TryWriteBytes(place, pages[page]);
            }
        }

        return bytes;
    }

    public static (ChunkId Id, Digest[] Hashes) Hash(int[] pages)
    {
        Digest[] hashes = new Digest[PagesPerChunk];
        return (ContentHasher.Plain.IdOfChunk(Chunk(pages), hashes), hashes);
    }

    public static int[] Run(int first) => [.. Enumerable.Range(first, PagesPerChunk)];

    /// <summary>What is planned for a chunk in a session of its own.</summary>
    public async Task<ChunkPlan?> PlanAsync(int[] pages, RecordPlace parent)
    {
        (ChunkId id, Digest[] hashes) = Hash(pages);
        ChunkPlan?[] plans = new ChunkPlan?[1];
        await NewPlanner().PlanAsync(new NewChunk[] { new(id, hashes, parent) }, plans, default);
        return plans[0];
    }

    public PackPageMaps NewPageMaps(int pagesPerChunk) => new(Store, Repository, pagesPerChunk, 16 << 20, Absent);

    /// <summary>Stores chunks in a session of its own.</summary>
    /// <param name="chunks">Each with the place of the parent's chunk.</param>
    /// <returns>Where their records lie.</returns>
    public async Task<RecordPlace[]> StoreAsync(params (int[] Pages, RecordPlace Parent)[] chunks)
    {
        LastEntries.Clear();
        SessionId session = new([++sessionCount, .. new byte[SessionId.SizeBytes - 1]]);
        await using SessionChunks store = new(
            Store, Repository, session, PagesPerChunk, Index, new PackTables(Store, Repository, 1 << 20, Absent));
        ChunkPlanner planner = NewPlanner();
        RecordPlace[] places = new RecordPlace[chunks.Length];
        for (int position = 0; position < chunks.Length; position++)
        {
            places[position] = await StoreAsync(store, planner, chunks[position].Pages, chunks[position].Parent);
        }

        await store.FlushAsync(default);
        return places;
    }

    /// <summary>What a look-up in a new session says of a chunk.</summary>
    public async Task<ChunkFate> FateAsync(int[] pages)
    {
        SessionId session = new([++sessionCount, .. new byte[SessionId.SizeBytes - 1]]);
        await using SessionChunks chunks = new(
            Store, Repository, session, PagesPerChunk, Index, new PackTables(Store, Repository, 1 << 20, Absent));
        ChunkFate[] fates = new ChunkFate[1];
        await chunks.ClassifyAsync(new[] { Hash(pages).Id }, new RecordPlace[1], fates, default);
        return fates[0];
    }

    /// <summary>Puts a chunk together as a reader does, from the places told, and holds it against its pages.</summary>
    public async Task AssertReadsAsync(int[] pages, RecordPlace place)
    {
        byte[] record = await ReadAsync(place);
        byte[] chunk = Record.Read(record).Type == RecordType.Whole
            ? Decode(record)
            : await AssembleAsync(DeltaRecord.Read(Record.Read(record), PagesPerChunk));
        Assert.Equal(Chunk(pages), chunk);
        Assert.Equal(Hash(pages).Id.Value, Record.Read(record).Id);
    }

    public async Task<byte[]> ReadAsync(RecordPlace place)
    {
        byte[] bytes = new byte[place.LengthBytes];
        BlobName blob = new(place.Pack.BlobName);
        Assert.Equal(bytes.Length, await Store.TryReadAsync(blob, place.OffsetBytes, bytes, default));
        return bytes;
    }

    private async Task<byte[]> AssembleAsync(Recipe recipe)
    {
        byte[] chunk = new byte[ChunkSizeBytes];
        for (int page = 0; page < PagesPerChunk; page++)
        {
            RecipePage taken = recipe.PageAt(page);
            if (!taken.IsZero)
            {
                byte[] source = await ReadAsync(recipe.SourceAt(taken.Source).Hint);
                Assert.Equal(RecordType.Whole, Record.Read(source).Type); // one step deep
                Assert.Equal(recipe.SourceAt(taken.Source).DataId, Record.Read(source).Id);
                Page(Decode(source), taken.Slot).CopyTo(Page(chunk, page));
            }
        }

        return chunk;
    }

    private static byte[] Decode(byte[] record)
    {
        byte[] chunk = new byte[ChunkSizeBytes];
        ChunkRecord.Decode(record, chunk);
        return chunk;
    }

    private static Span<byte> Page(byte[] chunk, int page) =>
        chunk.AsSpan(page * FormatLimits.PageSizeBytes, FormatLimits.PageSizeBytes);

    private ChunkPlanner NewPlanner() => new(
        Index, new SourceReader(Store, ContentHasher.Plain, PagesPerChunk, Absent),
        NewPageMaps(PagesPerChunk), ContentHasher.Plain, PagesPerChunk);

    private async Task<RecordPlace> StoreAsync(
        SessionChunks store, ChunkPlanner planner, int[] pages, RecordPlace parent)
    {
        (ChunkId id, Digest[] hashes) = Hash(pages);
        RecordPlace[] places = new RecordPlace[1];
        ChunkFate[] fates = new ChunkFate[1];
        await store.ClassifyAsync(new[] { id }, places, fates, default);
        if (fates[0] != ChunkFate.New)
        {
            return fates[0] == ChunkFate.Repeated ? store.PlaceOf(id) : places[0];
        }

        NewChunk chunk = new(id, hashes, parent);
        ChunkPlan?[] plans = new ChunkPlan?[1];
        await planner.PlanAsync(new[] { chunk }, plans, default);
        byte[] output = new byte[ChunkEncoder.EncodedSizeMax(ChunkSizeBytes)];
        EncodedRecord[] records = new EncodedRecord[ChunkEncoder.RecordCountMax];
        ChunkEncoder encoder = new(ContentHasher.Plain, Compression.Lz4);
        int count = 1;
        if (plans[0] is ChunkPlan plan)
        {
            count = encoder.Encode(plan, chunk, Chunk(pages), new Digest[PagesPerChunk], output, records);
        }
        else
        {
            records[0] = new EncodedRecord(encoder.Encode(id, Chunk(pages), hashes, output), hashes);
        }

        RecordPlace[] stored = new RecordPlace[count];
        await store.AppendAsync(records.AsMemory(0, count), output, stored, default);
        LastEntries.AddRange(records.Take(count).Select(record => record.Entry));
        return stored[^1];
    }
}
