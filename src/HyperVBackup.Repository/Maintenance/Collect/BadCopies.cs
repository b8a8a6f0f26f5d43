namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>What is known to be damaged of a <see cref="PackSet"/>, so that it is no copy. Immutable.</summary>
/// <param name="records">Places of single records.</param>
/// <param name="packs">Packs of which no record counts.</param>
internal sealed class BadCopies(IReadOnlySet<(int Pack, uint OffsetBytes)> records, IReadOnlySet<int> packs)
{
    /// <summary>All is good, as far as is known.</summary>
    public static BadCopies None { get; } = new(new HashSet<(int, uint)>(), new HashSet<int>());

    public bool Contains(int pack, uint offsetBytes) =>
        (packs.Count > 0 && packs.Contains(pack)) || (records.Count > 0 && records.Contains((pack, offsetBytes)));
}
