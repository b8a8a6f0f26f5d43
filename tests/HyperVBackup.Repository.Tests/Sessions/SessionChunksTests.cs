using System.Threading.Channels;
using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Index;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Sessions;

/// <summary>Deduplication: what an index says counts only where a pack confirms it, and every chunk told of has a
/// place that holds it.</summary>
public sealed class SessionChunksTests
{
    private const long SmallPackBytes = 700;

    /// <summary>More than an empty pack has, less than one with a chunk in it.</summary>
    private const long OneChunkPackBytes = 300;
    private static readonly RepositoryId Repository = new("repository, here"u8);

    [Fact]
    public async Task A_hit_that_a_pack_does_not_confirm_is_stored_again()
    {
        MemoryStore store = new();
        MemoryChunkIndex index = new(1 << 20);
        PackName there = await StoreAsync(store, Session(1), new MemoryChunkIndex(1 << 20), [1, 2]);
        PackName damaged = await StoreAsync(store, Session(2), new MemoryChunkIndex(1 << 20), [3]);
        store[new BlobName(damaged.BlobName)][^1] ^= 1;
        PackName gone = new(PackKind.Chunks, Session(3), 9);
        index.Add(
            there,
            [new IndexEntry(SampleRepository.IdOf(1), 5, 6), new IndexEntry(SampleRepository.IdOf(4), 144, 200)]);
        index.Add(damaged, [new IndexEntry(SampleRepository.IdOf(3), 144, 200)]);
        index.Add(gone, [new IndexEntry(SampleRepository.IdOf(2), 144, 200)]);
        await using SessionChunks chunks = New(store, Session(4), index);
        int[] numbers = [1, 2, 3, 4, 0];
        RecordPlace[] places = new RecordPlace[numbers.Length];
        ChunkFate[] fates = new ChunkFate[numbers.Length];
        await chunks.ClassifyAsync(Ids(numbers), places, fates, default);
        Assert.Equal([ChunkFate.Stored, ChunkFate.New, ChunkFate.New, ChunkFate.New, ChunkFate.Zero], fates);
        Assert.NotEqual(5u, places[0].OffsetBytes); // the place is the pack's, not the index's
        await AssertHoldsAsync(store, 1, places[0]);
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(SmallPackBytes)]
    [InlineData(OneChunkPackBytes)]
    public async Task Chunks_repeated_within_and_across_batches_and_packs_keep_right_places(long packTargetBytes)
    {
        MemoryStore store = new();
        Random random = new(5);
        MemoryChunkIndex index = new(1 << 20);
        List<(int Number, RecordPlace Place)> told = [];
        SessionChunks chunks = New(store, Session(1), index, packTargetBytes);
        await using (chunks)
        {
            for (int batch = 0; batch < 30; batch++)
            {
                int[] numbers = [.. Enumerable.Range(0, 12).Select(_ => random.Next(60))];
                told.AddRange(await StoreBatchAsync(chunks, numbers));
            }

            await chunks.FlushAsync(default);
        }

        foreach ((int number, RecordPlace place) in told)
        {
            await AssertHoldsAsync(store, number, place);
        }

        Assert.Equal(packTargetBytes == long.MaxValue, store.Names.Count == 1);
        Assert.Equal(60 - 1, await RecordCountAsync(store)); // each stored once
        Assert.Equal(60 - 1, KnownCount(index, 60));
    }

    [Fact]
    public async Task A_chunk_that_left_memory_is_found_by_the_index_or_stored_again_where_that_is_full()
    {
        foreach (long budgetBytes in (long[])[1 << 20, 192])
        {
            MemoryStore store = new();
            await using SessionChunks chunks =
                New(store, Session(1), new MemoryChunkIndex(budgetBytes), OneChunkPackBytes);
            for (int round = 0; round < 2; round++)
            {
                for (int number = 1; number < 40; number++)
                {
                    foreach ((int _, RecordPlace place) in await StoreBatchAsync(chunks, [number, number]))
                    {
                        await chunks.FlushAsync(default);
                        await AssertHoldsAsync(store, number, place);
                    }
                }
            }
        }
    }

    [Fact]
    public async Task Classifying_and_appending_run_side_by_side()
    {
        MemoryStore store = new();
        Random random = new(6);
        SessionChunks chunks = New(store, Session(1), new MemoryChunkIndex(1 << 20), SmallPackBytes);
        Channel<(int[] Numbers, RecordPlace[] Places, ChunkFate[] Fates)> queue =
            Channel.CreateBounded<(int[], RecordPlace[], ChunkFate[])>(2);
        List<(int Number, RecordPlace Place)> told = [];
        Task classifying = Task.Run(async () =>
        {
            for (int batch = 0; batch < 400; batch++)
            {
                int[] numbers = [.. Enumerable.Range(0, 6).Select(_ => random.Next(batch / 4 + 3))];
                RecordPlace[] places = new RecordPlace[numbers.Length];
                ChunkFate[] fates = new ChunkFate[numbers.Length];
                await chunks.ClassifyAsync(Ids(numbers), places, fates, default);
                await queue.Writer.WriteAsync((numbers, places, fates));
            }

            queue.Writer.Complete();
        });
        await foreach ((int[] numbers, RecordPlace[] places, ChunkFate[] fates) in queue.Reader.ReadAllAsync())
        {
            told.AddRange(await AppendAsync(chunks, numbers, places, fates));
        }

        await classifying;
        await chunks.FlushAsync(default);
        await chunks.DisposeAsync();
        foreach ((int number, RecordPlace place) in told)
        {
            await AssertHoldsAsync(store, number, place);
        }

        int distinctCount = told.Select(chunk => chunk.Number).Where(number => number != 0).Distinct().Count();
        Assert.Equal(distinctCount, await RecordCountAsync(store));
    }

    [Fact]
    public async Task A_pack_that_fails_to_publish_fails_the_session_and_its_chunks_are_not_told_to_the_index()
    {
        MemoryStore store = new();
        MemoryChunkIndex index = new(1 << 20);
        SessionChunks chunks = New(store, Session(1), index);
        await StoreBatchAsync(chunks, [1, 2]);
        store.Before = call => _ = call.Kind == StoreCallKind.Publish ? throw new StoreException("full") : 0;
        await Assert.ThrowsAsync<StoreException>(() => chunks.FlushAsync(default));
        await Assert.ThrowsAsync<StoreException>(() => chunks.FlushAsync(default));
        await chunks.DisposeAsync();
        Assert.Equal(0, index.EntryCount);
        Assert.Equal(0, store.TemporaryCount);
    }

    [Fact]
    public async Task A_pack_is_closed_by_the_length_of_its_file_footer_included()
    {
        const int PackTargetBytes = 1 << 20;
        MemoryStore store = new();
        SessionChunks chunks = New(store, Session(1), new MemoryChunkIndex(1 << 20), PackTargetBytes);
        for (int batch = 0; batch < 20; batch++)
        {
            await StoreBatchAsync(chunks, [.. Enumerable.Range(1 + (batch * 500), 500)]);
        }

        await chunks.FlushAsync(default);
        await chunks.DisposeAsync();
        Assert.InRange(store.Names.Count, 2, 100);
        Assert.All(store.Names, name => Assert.InRange(store[name].Length, 1, PackTargetBytes + 4096));
    }

    [Fact]
    public async Task An_ended_session_without_a_point_has_told_the_index_what_it_published()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        MemoryChunkIndex index = new(1 << 20);
        SessionChunks chunks = New(sample.Store, Session(1), index, OneChunkPackBytes);
        await StoreBatchAsync(chunks, [1, 2, 3]);
        await chunks.DisposeAsync();
        Assert.Equal(3, KnownCount(index, 60));
        Assert.Equal(3, sample.NamesIn("packs/").Count);
    }

    [Fact]
    public async Task Two_backups_of_one_disk_store_each_chunk_once()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await sample.BackUpAsync([1, 2, 3, 3, 2, 0]);
        Assert.Single(sample.NamesIn("packs/"));
        RestorePoint again = await sample.BackUpAsync([1, 2, 3, 3, 2, 0], vm: "another");
        Assert.Single(sample.NamesIn("packs/"));
        Assert.True(await SampleRepository.ReadsRightAsync(sample.Repository, again.Id, [1, 2, 3, 3, 2, 0]));
    }

    private static int KnownCount(MemoryChunkIndex index, int numberMax)
    {
        ChunkId[] ids = Ids([.. Enumerable.Range(1, numberMax)]);
        RecordPlace[] places = new RecordPlace[ids.Length];
        index.Find(ids, places);
        return places.Count(place => !place.IsUnknown);
    }

    private static SessionId Session(byte number) => new([number, .. new byte[SessionId.SizeBytes - 1]]);

    private static SessionChunks New(
        MemoryStore store, SessionId session, IChunkIndex index, long packTargetBytes = long.MaxValue) =>
        new(
            store, Repository, session, SampleRepository.ChunkSizeBytes / FormatLimits.PageSizeBytes, index,
            new PackTables(store, Repository, 4 << 10), packTargetBytes);

    private static ChunkId[] Ids(int[] numbers) => [.. numbers.Select(SampleRepository.IdOf)];

    private static async Task<PackName> StoreAsync(
        MemoryStore store, SessionId session, IChunkIndex index, int[] numbers)
    {
        await using SessionChunks chunks = New(store, session, index);
        List<(int Number, RecordPlace Place)> told = await StoreBatchAsync(chunks, numbers);
        await chunks.FlushAsync(default);
        return told[0].Place.Pack;
    }

    private static async Task<List<(int Number, RecordPlace Place)>> StoreBatchAsync(
        SessionChunks chunks, int[] numbers)
    {
        RecordPlace[] places = new RecordPlace[numbers.Length];
        ChunkFate[] fates = new ChunkFate[numbers.Length];
        await chunks.ClassifyAsync(Ids(numbers), places, fates, default);
        return await AppendAsync(chunks, numbers, places, fates);
    }

    private static async Task<List<(int Number, RecordPlace Place)>> AppendAsync(
        SessionChunks chunks, int[] numbers, RecordPlace[] places, ChunkFate[] fates)
    {
        List<EncodedRecord> encoded = [];
        List<byte> records = [];
        for (int position = 0; position < numbers.Length; position++)
        {
            if (fates[position] == ChunkFate.New)
            {
                encoded.Add(SampleRepository.Encode(numbers[position], out byte[] record));
                records.AddRange(record);
            }
        }

        RecordPlace[] fresh = new RecordPlace[encoded.Count];
        await chunks.AppendAsync(encoded.ToArray(), records.ToArray(), fresh, default);
        int next = 0;
        return [.. numbers.Select((number, position) => (number, fates[position] switch
        {
            ChunkFate.New => fresh[next++],
            ChunkFate.Repeated => chunks.PlaceOf(SampleRepository.IdOf(number)),
            ChunkFate.Zero => default,
            _ => places[position],
        }))];
    }

    private static async Task AssertHoldsAsync(MemoryStore store, int number, RecordPlace place)
    {
        if (number == 0)
        {
            Assert.True(place.IsUnknown);
            return;
        }

        byte[] record = new byte[place.LengthBytes];
        BlobName blob = new(place.Pack.BlobName);
        Assert.Equal(record.Length, await store.TryReadAsync(blob, place.OffsetBytes, record, default));
        RecordReader reader = new(store, ContentHasher.Plain, new PackTables(store, Repository, 4 << 10));
        byte[] chunk = new byte[SampleRepository.ChunkSizeBytes];
        Assert.True(reader.TryDecodeChunk(SampleRepository.IdOf(number), record, chunk));
        Assert.Equal(SampleRepository.Chunk(number), chunk);
    }

    private static async Task<int> RecordCountAsync(MemoryStore store)
    {
        PackTables tables = new(store, Repository, 4 << 10);
        int count = 0;
        foreach (BlobName name in store.Names)
        {
            Assert.True(PackName.TryParse(name.Path, out PackName pack));
            count += (await tables.TryGetAsync(pack, default))!.Count;
        }

        return count;
    }
}
