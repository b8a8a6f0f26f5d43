using System.Runtime.InteropServices;
using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Where a chunk or node stands on a disk. Ordered by id, then position.</summary>
/// <param name="Disk">Its number among the disks whose order counts.</param>
/// <param name="Index">Of the chunk or node, among those of its level.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct DiskPosition(Digest Id, int Disk, long Index) : IComparable<DiskPosition>
{
    public int CompareTo(DiskPosition other)
    {
        int order = Id.CompareTo(other.Id);
        order = order != 0 ? order : Disk.CompareTo(other.Disk);
        return order != 0 ? order : Index.CompareTo(other.Index);
    }
}
