using System.Runtime.InteropServices;
using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>A recipe's record names another record. Ordered by the chunk that the recipe makes, then place, then data
/// id.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SourceUse(Digest ChunkId, int Pack, uint OffsetBytes, Digest DataId)
    : IComparable<SourceUse>
{
    public int CompareTo(SourceUse other)
    {
        int order = CompareRecipe(other);
        return order != 0 ? order : DataId.CompareTo(other.DataId);
    }

    /// <summary>0 for sources of one recipe's record.</summary>
    public int CompareRecipe(in SourceUse other)
    {
        int order = ChunkId.CompareTo(other.ChunkId);
        order = order != 0 ? order : Pack.CompareTo(other.Pack);
        return order != 0 ? order : OffsetBytes.CompareTo(other.OffsetBytes);
    }
}
