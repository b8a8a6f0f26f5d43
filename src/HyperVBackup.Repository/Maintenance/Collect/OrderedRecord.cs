using System.Runtime.InteropServices;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>A record that is to be copied, in the order in which it is to lie.</summary>
/// <param name="Disk">As its position's; the largest number for what stands on no disk that counts.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct OrderedRecord(int Disk, long Index, bool IsRecipe, StoredRecord Record)
    : IComparable<OrderedRecord>
{
    /// <summary>Records that a recipe takes pages from come before it.</summary>
    public int CompareTo(OrderedRecord other)
    {
        int order = Disk.CompareTo(other.Disk);
        order = order != 0 ? order : Index.CompareTo(other.Index);
        order = order != 0 ? order : IsRecipe.CompareTo(other.IsRecipe);
        order = order != 0 ? order : Record.Pack.CompareTo(other.Record.Pack);
        return order != 0 ? order : Record.OffsetBytes.CompareTo(other.Record.OffsetBytes);
    }
}
