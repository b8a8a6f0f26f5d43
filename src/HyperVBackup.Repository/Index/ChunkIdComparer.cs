using FASTER.core;
using HyperVBackup.Format;

namespace HyperVBackup.Repository.Index;

/// <summary>Ids are hashes already: their first bytes choose the bucket and the tag.</summary>
internal sealed class ChunkIdComparer : IFasterEqualityComparer<ChunkId>
{
    public long GetHashCode64(ref ChunkId k) => unchecked((long)k.Value.Prefix);

    public bool Equals(ref ChunkId k1, ref ChunkId k2) => k1.Value == k2.Value;
}
