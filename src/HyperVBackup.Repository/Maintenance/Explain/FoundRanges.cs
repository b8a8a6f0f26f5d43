using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maintenance.Explain;

/// <summary>Ranges of a disk, added ascending; those that touch are joined. All are counted, the first are kept.
/// </summary>
internal sealed class FoundRanges
{
    public const int KeptCountMax = 100;

    private readonly List<ListedRange> kept = [];
    private long lastEndBytes = -1;

    public IReadOnlyList<ListedRange> Kept => kept;

    public long Count { get; private set; }

    public void Add(long startBytes, long endBytes)
    {
        bool touches = startBytes <= lastEndBytes;
        Count += touches ? 0 : 1;
        if (touches && Count == kept.Count && endBytes > lastEndBytes)
        {
            kept[^1] = kept[^1] with { LengthBytes = endBytes - kept[^1].StartBytes };
        }
        else if (!touches && kept.Count < KeptCountMax)
        {
            kept.Add(new ListedRange(startBytes, endBytes - startBytes));
        }

        lastEndBytes = Math.Max(lastEndBytes, endBytes);
    }
}
