using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Makes the sorters of a collector, so that all of them together keep to the memory budget.</summary>
internal sealed class Workshop(ScratchFolder scratch, long memoryBudgetBytes)
{
    /// <summary>More than are ever filled or read at one time.</summary>
    private const int SorterCountMax = 20;

    public ScratchFolder Scratch => scratch;

    public Sorter<T> NewSorter<T>()
        where T : unmanaged, IComparable<T> => new(scratch, memoryBudgetBytes / SorterCountMax);

    public Sorter<Digest> NewIds() => NewSorter<Digest>();
}
