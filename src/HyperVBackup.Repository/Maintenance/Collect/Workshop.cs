using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Makes the sorters of a collector, so that all of them together keep to the memory budget.</summary>
internal sealed class Workshop(ScratchFolder scratch, long memoryBudgetBytes)
{
    /// <summary>More than are ever filled or read at one time.</summary>
    private const int SorterCountMax = 20;

    /// <summary>Of the budget, for all else: what grew out of its array and is not collected yet, records on their way
    /// from pack to pack, the runtime.</summary>
    private const int OtherShare = 3;

    public ScratchFolder Scratch => scratch;

    public Sorter<T> NewSorter<T>()
        where T : unmanaged, IComparable<T> =>
        new(scratch, (memoryBudgetBytes - (memoryBudgetBytes / OtherShare)) / SorterCountMax);

    public Sorter<Digest> NewIds() => NewSorter<Digest>();
}
