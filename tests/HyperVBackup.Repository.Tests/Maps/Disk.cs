using System.Buffers.Binary;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Maps;

namespace HyperVBackup.Repository.Tests.Maps;

/// <summary>The model: a disk is an array of chunk ids. Every random choice comes from the seed.</summary>
internal static class Disk
{
    public const int ChunkSizeBytes = 16 * 1024;
    private static readonly SessionId Session = new("session of packs"u8);
    private static readonly int[] Counts = [1, 2, 15, 16, 17, 255, 256, 257, 4095, 4096, 4097];

    public static ChunkId Id(long number)
    {
        Span<byte> bytes = stackalloc byte[32];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        BinaryPrimitives.WriteInt64BigEndian(bytes[24..], number);
        return new ChunkId(new Digest(bytes));
    }

    public static RecordPlace PlaceOf(ChunkId id) => id.IsZero
        ? default
        : new RecordPlace(new PackName(PackKind.Chunks, Session, 3), 144 + (uint)(id.Value.Prefix >> 36), 77);

    public static int AnyCount(Random random) =>
        random.Next(2) == 0 ? Counts[random.Next(Counts.Length)] : random.Next(1, 6000);

    public static ChunkId[] Any(Random random, int count)
    {
        ChunkId[] chunks = new ChunkId[count];
        int alphabet = random.Next(2) == 0 ? 3 : 1_000_000;
        for (int run = random.Next(12); run > 0; run--)
        {
            int start = random.Next(count);
            int end = Math.Min(count, start + random.Next(1, 600));
            for (; start < end; start++)
            {
                chunks[start] = Id(random.Next(alphabet));
            }
        }

        return chunks;
    }

    /// <summary>Another state of the same disk: of another size, perhaps, with clusters and single chunks changed.
    /// </summary>
    public static ChunkId[] Change(Random random, ChunkId[] before, int count)
    {
        ChunkId[] after = new ChunkId[count];
        before.AsSpan(0, Math.Min(count, before.Length)).CopyTo(after);
        for (int run = random.Next(8); run > 0; run--)
        {
            int start = random.Next(count);
            int end = Math.Min(count, start + (random.Next(2) == 0 ? 1 : random.Next(300)));
            bool isZeroed = random.Next(3) == 0;
            for (; start < end; start++)
            {
                after[start] = isZeroed ? default : Id(random.Next(1_000_000));
            }
        }

        return after;
    }

    public static DiskMap EmptyMap(int chunkCount) =>
        DiskMap.Empty(ChunkSizeBytes, ((long)chunkCount * ChunkSizeBytes) - (chunkCount % 3 * 512));

    /// <summary>The map of <paramref name="after"/>, told only what differs from <paramref name="before"/>.</summary>
    public static async Task<DiskMap> UpdateAsync(
        MemoryMaps maps, DiskMap parent, ChunkId[] before, ChunkId[] after, IMapSink? sink)
    {
        DiskMapWriter writer = Writer(maps, parent, after.Length, sink);
        for (int index = 0; index < after.Length; index++)
        {
            if (after[index] != (index < before.Length ? before[index] : default))
            {
                await writer.SetAsync(index, after[index], PlaceOf(after[index]), default);
            }
        }

        return await writer.FinishAsync(default);
    }

    public static Task<DiskMap> BuildAsync(MemoryMaps maps, ChunkId[] chunks) =>
        UpdateAsync(maps, EmptyMap(chunks.Length), [], chunks, maps);

    public static DiskMapWriter Writer(MemoryMaps maps, DiskMap parent, int chunkCount, IMapSink? sink) =>
        new(parent, EmptyMap(chunkCount).VirtualSizeBytes, maps, sink, ContentHasher.Plain);
}
