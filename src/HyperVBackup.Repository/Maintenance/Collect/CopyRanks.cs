namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Which of several copies of a record is to serve: that of the lowest rank. Packs have ranks; a record known
/// to be damaged comes after all that are not.</summary>
/// <param name="packRanks">For each pack of a <see cref="PackSet"/>, from 0, no two alike.</param>
internal sealed class CopyRanks(int[] packRanks, BadCopies damaged)
{

    public int Of(int pack, uint offsetBytes) =>
        packRanks[pack] + (damaged.Contains(pack, offsetBytes) ? packRanks.Length : 0);

    public int Of(in StoredRecord record) => Of(record.Pack, record.OffsetBytes);
}
