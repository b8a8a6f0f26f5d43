using FASTER.core;

namespace HyperVBackup.Repository.Index;

/// <summary>Keys are hashes already: their first bytes choose the bucket and the tag.</summary>
internal sealed class IndexKeyComparer : IFasterEqualityComparer<IndexKey>
{
    public long GetHashCode64(ref IndexKey k) => unchecked((long)k.First);

    public bool Equals(ref IndexKey k1, ref IndexKey k2) => k1.First == k2.First && k1.Second == k2.Second;
}
