using System.Runtime.InteropServices;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Where it stands what a node names, and where the node stands. Ordered by the former.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PositionedNames(NamesPlace Names, int Disk, long Index)
    : IComparable<PositionedNames>
{
    public int CompareTo(PositionedNames other)
    {
        int order = Names.CompareTo(other.Names);
        order = order != 0 ? order : Disk.CompareTo(other.Disk);
        return order != 0 ? order : Index.CompareTo(other.Index);
    }
}
