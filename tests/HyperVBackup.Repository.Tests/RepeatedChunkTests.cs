using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Index;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests;

/// <summary>A chunk met again long after it was stored, but before the index was asked for it.</summary>
public sealed class RepeatedChunkTests
{
    private const int ChunkBytes = FormatLimits.ChunkSizeMaxBytes;
    private const int PagesPerChunk = ChunkBytes / FormatLimits.PageSizeBytes;
    private static readonly RepositoryId Repository = new(Enumerable.Repeat((byte)1, RepositoryId.SizeBytes).ToArray());
    private static readonly SessionId Session = new(Enumerable.Repeat((byte)2, SessionId.SizeBytes).ToArray());

    private readonly byte[] chunk = new byte[ChunkBytes];
    private readonly Digest[] pages = new Digest[PagesPerChunk];
    private readonly byte[] record = new byte[ChunkRecord.EncodedSizeMax(ChunkBytes)];

    [Fact]
    public async Task A_repeated_chunk_keeps_its_place_though_many_packs_are_closed_before_it_is_asked_for()
    {
        MemoryStore store = new();
        await using MemoryChunkIndex index = new(1 << 20);
        await using SessionChunks chunks =
            new(store, Repository, Session, PagesPerChunk, index, new PackTables(store, Repository, 4 << 10));
        int perPack = FormatLimits.ChunkPackTargetBytes / ChunkBytes;
        ChunkId first = await StoreAsync(chunks, 1);
        await StoreAsync(chunks, Enumerable.Range(2, (perPack * SessionLimits.RecentPackCount) - 1));

        (ChunkFate fate, RecordPlace place) = await ClassifyAsync(chunks, first);
        await StoreAsync(chunks, Enumerable.Range(1000, perPack * 2));

        RecordPlace known = fate == ChunkFate.Repeated ? chunks.PlaceOf(first) : place;
        Assert.Equal(new PackName(PackKind.Chunks, Session, 0), known.Pack);
        Assert.NotEqual(0u, known.LengthBytes);
    }

    private static async Task<(ChunkFate Fate, RecordPlace Place)> ClassifyAsync(SessionChunks chunks, ChunkId id)
    {
        RecordPlace[] places = new RecordPlace[1];
        ChunkFate[] fates = new ChunkFate[1];
        await chunks.ClassifyAsync(new[] { id }, places, fates, CancellationToken.None);
        return (fates[0], places[0]);
    }

    private async Task StoreAsync(SessionChunks chunks, IEnumerable<int> numbers)
    {
        foreach (int number in numbers)
        {
            await StoreAsync(chunks, number);
        }
    }

    private async Task<ChunkId> StoreAsync(SessionChunks chunks, int number)
    {
        chunk.AsSpan().Fill(1);
        BitConverter.TryWriteBytes(chunk, number);
        ChunkId id = ContentHasher.Plain.IdOfChunk(chunk, pages);
        Assert.Equal(ChunkFate.New, (await ClassifyAsync(chunks, id)).Fate);
        PackEntry entry = new ChunkEncoder(ContentHasher.Plain, Compression.None).Encode(id, chunk, pages, record);
        await chunks.AppendAsync(
            new[] { new EncodedRecord(entry, pages) }, record.AsMemory(0, (int)entry.LengthBytes), new RecordPlace[1],
            CancellationToken.None);
        return id;
    }
}
