using System.Runtime.InteropServices;
using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>The best copy of a record that a recipe names: its rank, and <see cref="None"/> where there is no copy.
/// Ordered by the chunk that the recipe makes, then the recipe's place.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SourceRank(SourceUse Use, int Rank) : IComparable<SourceRank>
{
    public const int None = int.MaxValue;

    public int CompareTo(SourceRank other) => Use.CompareTo(other.Use);
}
