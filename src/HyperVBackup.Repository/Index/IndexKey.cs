using System.Runtime.InteropServices;
using HyperVBackup.Format;

namespace HyperVBackup.Repository.Index;

/// <summary>The first 16 bytes of an id: enough to tell billions apart, as whoever uses a hit confirms it by the whole
/// id anyway, and half of the space.</summary>
/// <param name="First">The first 8 bytes, uniformly spread: they choose bucket, region and tag.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct IndexKey(ulong First, ulong Second)
{
    public const int SizeBytes = 16;

    public static IndexKey Of(in ChunkId id)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<ChunkId, ulong>(new ReadOnlySpan<ChunkId>(in id));
        return new IndexKey(words[0], words[1]);
    }

    /// <summary>An id with this key, of which the rest is zero.</summary>
    public ChunkId ToId()
    {
        ChunkId id = default;
        MemoryMarshal.Write(MemoryMarshal.AsBytes(new Span<ChunkId>(ref id)), in this);
        return id;
    }
}
