using HyperVBackup.Format;
using HyperVBackup.Repository.Maintenance.Collect.Marks;

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

    /// <param name="combine">As a <see cref="Sorter{T}"/> takes it.</param>
    public Sorter<T> NewSorter<T>(Func<T, T, T>? combine = null)
        where T : unmanaged, IComparable<T> =>
        new(scratch, (memoryBudgetBytes - (memoryBudgetBytes / OtherShare)) / SorterCountMax, combine);

    public Sorter<Digest> NewIds() => NewSorter<Digest>();

    /// <summary>Adds up what is said of one id.</summary>
    public WeighedSorter<Mark> NewSteps() => new(NewSorter<Mark>(Mark.Add));
}
