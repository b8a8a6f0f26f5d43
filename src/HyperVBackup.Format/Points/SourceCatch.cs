using System.Diagnostics.CodeAnalysis;

namespace HyperVBackup.Format.Points;

/// <summary>Names one time that an audit caught a disk's change source, for good: by the restore point that it was
/// caught for and the disk's place in it.</summary>
/// <param name="DiskIndex">Of the disk in the point, from 0.</param>
[SuppressMessage("Design", "CA1036", Justification = "Catches are sorted, never compared with < by callers.")]
public readonly record struct SourceCatch(SessionId Point, int DiskIndex) : IComparable<SourceCatch>
{
    public int CompareTo(SourceCatch other)
    {
        int order = Point.CompareTo(other.Point);
        return order != 0 ? order : DiskIndex.CompareTo(other.DiskIndex);
    }
}
