using System.Runtime.InteropServices;
using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect.Marks;

/// <summary>How often roots and the nodes and lists that they reach name an id, or how much that changes. Ordered by
/// id alone.</summary>
/// <remarks>Tables hold it as it lies in memory.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct Mark(Digest Id, long Count) : IComparable<Mark>, IWeighed
{
    public const int SizeBytes = Digest.SizeBytes + sizeof(long);

    public long Weight => Count;

    public int CompareTo(Mark other) => Id.CompareTo(other.Id);

    /// <remarks>A count that does not fit is wrong, and changes the <see cref="WeighedSum"/> over it.</remarks>
    public static Mark Add(Mark one, Mark other) => one with { Count = unchecked(one.Count + other.Count) };
}
