using System.Runtime.InteropServices;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>A recipe's source, ordered by its data id first.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SourceByDataId(SourceUse Use) : IComparable<SourceByDataId>
{
    public int CompareTo(SourceByDataId other)
    {
        int order = Use.DataId.CompareTo(other.Use.DataId);
        return order != 0 ? order : Use.CompareTo(other.Use);
    }
}
