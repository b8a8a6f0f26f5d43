namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Which of several copies of a record is to serve: that of the lowest rank. Packs have ranks; a record known
/// to be damaged comes after all that are not.</summary>
/// <param name="packRanks">For each pack of a <see cref="PackSet"/>, from 0, no two alike.</param>
/// <param name="damaged">Places of records.</param>
internal sealed class CopyRanks(int[] packRanks, IReadOnlySet<(int Pack, uint OffsetBytes)> damaged)
{
    private static readonly HashSet<(int, uint)> none = [];

    public CopyRanks(int[] packRanks)
        : this(packRanks, none)
    {
    }

    public int Of(int pack, uint offsetBytes)
    {
        bool isDamaged = damaged.Count > 0 && damaged.Contains((pack, offsetBytes));
        return packRanks[pack] + (isDamaged ? packRanks.Length : 0);
    }

    public int Of(in StoredRecord record) => Of(record.Pack, record.OffsetBytes);
}
