using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Points;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>What restore points name themselves: the tops of maps, heads of lists, configuration files. All else that
/// they reach follows from these ids alone. One thread at a time.</summary>
internal sealed class PointRoots(
    HashSet<(int Level, NodeId Id)> tops, HashSet<ListId> heads, HashSet<ListId> files)
{
    private readonly SortedDictionary<string, RestorePoint> newest = new(StringComparer.OrdinalIgnoreCase);

    public PointRoots()
        : this([], [], [])
    {
    }

    public IReadOnlySet<(int Level, NodeId Id)> Tops => tops;

    /// <summary>Heads of lists with segments.</summary>
    public IReadOnlySet<ListId> Heads => heads;

    /// <summary>Records of configuration files.</summary>
    public IReadOnlySet<ListId> Files => files;

    /// <summary>The disks of each virtual machine's newest point.</summary>
    public IEnumerable<(int Level, NodeId Id)> NewestTops =>
        newest.Values.SelectMany(point => point.Disks).Where(disk => !disk.TopNode.IsZero).Select(TopOf);

    /// <exception cref="CorruptDataException">The point contradicts itself.</exception>
    public void Add(RestorePoint point, ContentHasher hasher)
    {
        foreach (DiskPoint disk in point.Disks)
        {
            Corrupt.Unless(disk.IsRootOf(hasher), $"the root of disk '{disk.Name}' does not fit its map");
            if (!disk.TopNode.IsZero)
            {
                tops.Add(TopOf(disk));
            }

            Add(disk.Lists, heads);
        }

        Add(point.ConfigurationFiles, files);
        if (!newest.TryGetValue(point.VmIdentity, out RestorePoint? other) || PointOrder.Compare(point, other) > 0)
        {
            newest[point.VmIdentity] = point;
        }
    }

    /// <summary>Whether the points reach the same.</summary>
    public bool IsSameAs(PointRoots other) =>
        tops.SetEquals(other.Tops) && heads.SetEquals(other.Heads) && files.SetEquals(other.Files);

    private static (int Level, NodeId Id) TopOf(DiskPoint disk)
    {
        DiskMap map = new(disk.ChunkSizeBytes, disk.VirtualSizeBytes, disk.TopNode, disk.TopPlace);
        return (map.Height, map.Top);
    }

    /// <summary>An empty list is nowhere.</summary>
    private static void Add(IEnumerable<ListReference> lists, HashSet<ListId> ids)
    {
        foreach (ListReference list in lists)
        {
            if (!list.Head.IsZero)
            {
                ids.Add(list.Head);
            }
        }
    }
}
