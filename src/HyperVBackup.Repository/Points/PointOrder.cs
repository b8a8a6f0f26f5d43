using System.Runtime.InteropServices;
using HyperVBackup.Format.Points;

namespace HyperVBackup.Repository.Points;

/// <summary>
/// The order of a VM's points is (sequence, id), whatever the VM was called at each; time is for people only. Of one
/// sequence a synthetic point comes first: it holds an older state than a backup that went on beside it.
/// </summary>
public static class PointOrder
{
    /// <summary>Compares two points of one VM.</summary>
    public static int Compare(RestorePoint left, RestorePoint right)
    {
        int order = left.Sequence.CompareTo(right.Sequence);
        order = order != 0 ? order : IsSynthetic(right).CompareTo(IsSynthetic(left));
        return order != 0 ? order : string.CompareOrdinal(left.Id.ToString(), right.Id.ToString());
    }

    /// <summary>Sorts by VM, oldest first within each. VMs stand by the name that their newest point gives them, then
    /// by identity.</summary>
    public static void SortByVm(List<RestorePoint> points)
    {
        List<List<RestorePoint>> vms =
            [.. points.GroupBy(point => point.VmIdentity, StringComparer.OrdinalIgnoreCase).Select(Sorted)];
        vms.Sort(static (left, right) =>
        {
            int order = string.Compare(left[^1].VmName.Text, right[^1].VmName.Text, StringComparison.OrdinalIgnoreCase);
            return order != 0 ? order : string.CompareOrdinal(left[^1].VmIdentity, right[^1].VmIdentity);
        });
        vms.SelectMany(vm => vm).ToArray().CopyTo(CollectionsMarshal.AsSpan(points));
    }

    private static bool IsSynthetic(RestorePoint point) => point.Kind == RestorePointKind.Synthetic;

    private static List<RestorePoint> Sorted(IEnumerable<RestorePoint> vm)
    {
        List<RestorePoint> points = [.. vm];
        points.Sort(Compare);
        return points;
    }
}
