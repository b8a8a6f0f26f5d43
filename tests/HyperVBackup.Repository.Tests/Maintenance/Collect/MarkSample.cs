using HyperVBackup.Format;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Maintenance.Collect.Marks;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect;

/// <summary>Marks without points.</summary>
internal static class MarkSample
{
    /// <summary>That these chunks are needed.</summary>
    public static NeededIds NeededOf(ScratchFolder scratch, IEnumerable<Digest> chunks)
    {
        using MarkTableWriter writer = new(scratch.Create(), default);
        MarkSum sum = default;
        foreach (Digest id in chunks.Order())
        {
            writer.Add(new Mark(id, 1));
            sum = sum.With(new Mark(id, 1));
        }

        return new NeededIds(
            new PointRoots(), new MarkedIds(writer.Finish(), MarkTable.Empty(), sum), MarkedIds.None(), 1);
    }
}
