using System.Runtime.InteropServices;
using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect.Marks;

/// <summary>How often roots and the nodes and lists that they reach name an id, or how much that changes. Ordered by
/// id alone.</summary>
/// <remarks>Tables hold it as it lies in memory.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct Mark(Digest Id, long Count) : IComparable<Mark>, IIdentified
{
    public const int SizeBytes = Digest.SizeBytes + sizeof(long);

    public int CompareTo(Mark other) => Id.CompareTo(other.Id);

    public static Mark Add(Mark one, Mark other) => one with { Count = one.Count + other.Count };
}
