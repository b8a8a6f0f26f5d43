using HyperVBackup.Format;
using HyperVBackup.Format.Collections;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Collections;

/// <summary>The packs and points that a session relies on in no way, whether they are still there or not: what the
/// highest collection deletes, or may yet decide to delete (repo-format/concurrency.md, W2). Immutable.</summary>
internal sealed class AbsentSet
{
    private readonly CollectionSet? set;

    public AbsentSet(CollectionSet set) => this.set = set;

    private AbsentSet()
    {
    }

    /// <summary>There has been no collection.</summary>
    public static AbsentSet None { get; } = new();

    /// <summary>The collection's number; 0 where there was none.</summary>
    public long Number => set?.Number ?? 0;

    public bool Contains(SessionId point) => set?.Contains(point) == true;

    /// <summary>Of a map pack: both its copies.</summary>
    public bool Contains(PackName pack) => set?.Contains(pack) == true;
}
