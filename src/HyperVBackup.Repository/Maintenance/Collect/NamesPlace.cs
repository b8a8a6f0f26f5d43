using System.Runtime.InteropServices;
using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Where in the file of facts it stands what a record names. Ordered by place, so that the file is read in
/// order.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct NamesPlace(long AtBytes, int LengthBytes, Digest Id) : IComparable<NamesPlace>
{
    public int CompareTo(NamesPlace other) => AtBytes.CompareTo(other.AtBytes);
}
