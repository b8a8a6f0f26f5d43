using HyperVBackup.Format.Points;

namespace HyperVBackup.Repository.Points;

/// <summary>The order of a VM's points is (sequence, id); time is for people only. VMs stand by name, then identity.
/// </summary>
public static class PointOrder
{
    /// <summary>Compares two points, of one VM or of different ones.</summary>
    public static int Compare(RestorePoint left, RestorePoint right)
    {
        int order = string.Compare(left.VmName.Text, right.VmName.Text, StringComparison.OrdinalIgnoreCase);
        order = order != 0 ? order : string.CompareOrdinal(left.VmIdentity, right.VmIdentity);
        order = order != 0 ? order : left.Sequence.CompareTo(right.Sequence);
        return order != 0 ? order : string.CompareOrdinal(left.Id.ToString(), right.Id.ToString());
    }
}
