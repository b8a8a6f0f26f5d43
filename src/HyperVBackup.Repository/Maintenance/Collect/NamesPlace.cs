using System.Runtime.InteropServices;
using HyperVBackup.Format;
using HyperVBackup.Repository.Maintenance.Collect.Marks;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Where in the file of facts it stands what a record names. Ordered by place, so that the file is read in
/// order; what names nothing shares its place with what comes next, so ids count too.</summary>
/// <param name="By">1 where what it names is named once more, -1 where once less.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct NamesPlace(long AtBytes, int LengthBytes, Digest Id, int By = 1)
    : IComparable<NamesPlace>, IWeighed
{
    private const long AtFactor = 0x1E3779B97F4A7C15; // odd
    private const int LengthShift = 32;

    public long Weight => unchecked((AtBytes * AtFactor) + ((long)LengthBytes << LengthShift) + By);

    public int CompareTo(NamesPlace other) =>
        AtBytes != other.AtBytes ? AtBytes.CompareTo(other.AtBytes) : Id.CompareTo(other.Id);
}
