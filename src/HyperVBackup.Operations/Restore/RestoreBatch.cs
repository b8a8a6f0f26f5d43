using HyperVBackup.Repository.Maps;

namespace HyperVBackup.Operations.Restore;

/// <summary>Some chunks on their way to an image, in disk order. One stage at a time owns it.</summary>
internal sealed class RestoreBatch(int chunkSizeBytes, int countMax)
{
    private readonly byte[] bytes = GC.AllocateUninitializedArray<byte>(chunkSizeBytes * countMax);

    public int Count { get; private set; }

    public bool IsFull => Count == countMax;

    public long[] Indexes { get; } = new long[countMax];

    public MapChunk[] Chunks { get; } = new MapChunk[countMax];

    /// <summary>The chunks in the batch.</summary>
    public ReadOnlyMemory<MapChunk> FilledChunks => Chunks.AsMemory(0, Count);

    /// <summary>The room for their bytes.</summary>
    public Memory<byte> FilledBytes => bytes.AsMemory(0, Count * chunkSizeBytes);

    public void Clear() => Count = 0;

    public void Add(long index, MapChunk chunk)
    {
        (Indexes[Count], Chunks[Count]) = (index, chunk);
        Count++;
    }

    public Memory<byte> BytesAt(int position) => bytes.AsMemory(position * chunkSizeBytes, chunkSizeBytes);

    public ReadOnlySpan<byte> BytesAt(int position, int count) =>
        bytes.AsSpan(position * chunkSizeBytes, count * chunkSizeBytes);
}
