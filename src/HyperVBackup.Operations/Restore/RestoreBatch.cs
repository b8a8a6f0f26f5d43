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

    /// <summary>Positions ordered by where the records lie; a place to sort in.</summary>
    public int[] ByPlace { get; } = new int[countMax];

    public void Clear() => Count = 0;

    public void Add(long index, MapChunk chunk)
    {
        (Indexes[Count], Chunks[Count], ByPlace[Count]) = (index, chunk, Count);
        Count++;
    }

    public Memory<byte> BytesAt(int position) => bytes.AsMemory(position * chunkSizeBytes, chunkSizeBytes);

    public ReadOnlySpan<byte> BytesAt(int position, int count) =>
        bytes.AsSpan(position * chunkSizeBytes, count * chunkSizeBytes);
}
