using HyperVBackup.Format;
using HyperVBackup.Format.Points;

namespace HyperVBackup.Repository.Points;

/// <summary>Finds the point or the VM that a person means: an id, a unique prefix of at least 4 characters,
/// <c>VM@latest</c>, a VM's name (compared without case) or its GUID.</summary>
public static class PointSelector
{
    private const int PrefixLengthMin = 4;
    private const string Latest = "@latest";

    /// <exception cref="RestorePointNotFoundException">None answers, or several; names the candidates.</exception>
    public static RestorePoint Find(IReadOnlyList<RestorePoint> points, string reference)
    {
        if (reference.EndsWith(Latest, StringComparison.OrdinalIgnoreCase))
        {
            return FindVm(points, reference[..^Latest.Length])[^1];
        }

        if (reference.Length < PrefixLengthMin)
        {
            throw new RestorePointNotFoundException(
                $"'{reference}' names no restore point: give its id, "
                + $"at least {PrefixLengthMin} first characters of it, or VM@latest.");
        }

        List<RestorePoint> found =
            [.. points.Where(point => point.Id.ToString().StartsWith(reference, StringComparison.Ordinal))];
        return found.Count switch
        {
            1 => found[0],
            0 => throw new RestorePointNotFoundException(
                $"There is no restore point '{reference}': 'list' shows those there are."),
            _ => throw new RestorePointNotFoundException(
                $"'{reference}' stands for several restore points: "
                + $"{string.Join(", ", found.Take(5).Select(point => point.Id))}."),
        };
    }

    /// <summary>All points of one VM, oldest first; also those at which it had another name.</summary>
    /// <exception cref="RestorePointNotFoundException">No VM answers, or several; names the candidates.</exception>
    public static List<RestorePoint> FindVm(IReadOnlyList<RestorePoint> points, string vm)
    {
        List<string> identities =
        [
            .. points.Where(point => Answers(point, vm))
                .Select(point => point.VmIdentity)
                .Distinct(StringComparer.OrdinalIgnoreCase),
        ];
        if (identities.Count == 0)
        {
            IEnumerable<string> names =
                points.Select(point => point.VmName.Text).Distinct(StringComparer.OrdinalIgnoreCase);
            string known = string.Join(", ", names.Take(10));
            throw new RestorePointNotFoundException(known.Length > 0
                ? $"There is no VM '{vm}' in the repository; it holds {known}."
                : $"There is no VM '{vm}': the repository holds no restore point.");
        }

        if (identities.Count > 1)
        {
            throw new RestorePointNotFoundException(
                $"'{vm}' names several VMs: {string.Join(", ", identities)}; give one of these.");
        }

        List<RestorePoint> found =
        [
            .. points.Where(point =>
                string.Equals(point.VmIdentity, identities[0], StringComparison.OrdinalIgnoreCase)),
        ];
        found.Sort(PointOrder.Compare);
        return found;
    }

    /// <summary>Whether a point is one of the VM that <paramref name="vm"/> names.</summary>
    public static bool Answers(RestorePoint point, string vm) =>
        string.Equals(point.VmName.Text, vm, StringComparison.OrdinalIgnoreCase)
        || string.Equals(point.VmIdentity, vm, StringComparison.OrdinalIgnoreCase);
}
