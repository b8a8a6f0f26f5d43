using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;

namespace HyperVBackup.Repository.Maps;

/// <summary>
/// One disk at one time: its sizes, and the top node of the tree of its chunk ids. The same bytes have the same top
/// node however they came about, and a disk of zeros has the zero id.
/// </summary>
/// <param name="ChunkSizeBytes">The repository's chunk size, more than zero.</param>
/// <param name="VirtualSizeBytes">The size the guest sees; the last chunk is padded with zeros.</param>
/// <param name="Top">The node of level <see cref="Height"/>.</param>
/// <param name="TopPlace">Where that node may lie; a hint.</param>
public readonly record struct DiskMap(int ChunkSizeBytes, long VirtualSizeBytes, NodeId Top, RecordPlace TopPlace)
{
    /// <summary>How many chunks the disk is cut into, the padded last one included.</summary>
    public long ChunkCount =>
        (VirtualSizeBytes / ChunkSizeBytes) + (VirtualSizeBytes % ChunkSizeBytes == 0 ? 0 : 1);

    /// <summary>The level of the top node, from 1: the smallest that covers every chunk.</summary>
    public int Height => TreeShape.HeightOf(ChunkCount);

    internal ChildReference TopReference => new(Top.Value, TopPlace);

    /// <summary>The map of a disk of zeros: what an update without a parent starts from.</summary>
    public static DiskMap Empty(int chunkSizeBytes, long virtualSizeBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(chunkSizeBytes, FormatLimits.ChunkSizeMinBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(virtualSizeBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(virtualSizeBytes, FormatLimits.VirtualSizeMaxBytes);
        return new DiskMap(chunkSizeBytes, virtualSizeBytes, default, default);
    }

    /// <summary>The map of a restore point's disk.</summary>
    public static DiskMap Of(DiskPoint disk)
    {
        ArgumentNullException.ThrowIfNull(disk);
        return new DiskMap(disk.ChunkSizeBytes, disk.VirtualSizeBytes, disk.TopNode, disk.TopPlace);
    }

    /// <summary>The one id that stands for all bytes of the disk.</summary>
    public DiskRoot Root(ContentHasher hasher)
    {
        ArgumentNullException.ThrowIfNull(hasher);
        return hasher.RootOf(ChunkSizeBytes, VirtualSizeBytes, Top);
    }
}
