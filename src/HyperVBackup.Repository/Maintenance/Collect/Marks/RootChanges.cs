using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect.Marks;

/// <summary>What roots came and went between two markings.</summary>
internal sealed class RootChanges(PointRoots before, PointRoots now)
{
    /// <summary>Heads of lists with segments.</summary>
    public IEnumerable<TurnedId> Heads => Between(before.Heads, now.Heads, head => head.Value);

    /// <summary>Records of configuration files.</summary>
    public IEnumerable<TurnedId> Files => Between(before.Files, now.Files, file => file.Value);

    public IEnumerable<TurnedId> TopsOf(int level) =>
        Between(before.Tops, now.Tops, top => top.Id.Value, top => top.Level == level);

    private static IEnumerable<TurnedId> Between<T>(
        IReadOnlySet<T> before, IReadOnlySet<T> now, Func<T, Digest> idOf, Func<T, bool>? isWanted = null)
    {
        IEnumerable<TurnedId> came = now.Where(root => isWanted?.Invoke(root) != false && !before.Contains(root))
            .Select(root => new TurnedId(idOf(root), 1));
        IEnumerable<TurnedId> went = before.Where(root => isWanted?.Invoke(root) != false && !now.Contains(root))
            .Select(root => new TurnedId(idOf(root), -1));
        return came.Concat(went);
    }
}
