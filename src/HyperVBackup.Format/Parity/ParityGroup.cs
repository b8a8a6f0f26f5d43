using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Format.Parity;

/// <summary>
/// Chunk packs of one session that are protected together, and how their blocks make codewords; see
/// repo-format/parity.md. The packs' blocks, one pack after another, fill columns of equal length from the first to the
/// last; a row takes one block of each column, and with its parity blocks it is a codeword. So blocks of a codeword lie
/// as far from each other as they can. Immutable and thread-safe.
/// </summary>
public sealed class ParityGroup
{
    private const int Percent = 100;
    private readonly int[] firstBlocks;

    /// <param name="session">That published the packs.</param>
    /// <param name="packs">At least one, ascending by number.</param>
    /// <param name="percent">Of the packs' bytes that parity takes, 1 to 100.</param>
    /// <param name="stripeBlockCountMax">Blocks that are worked on at a time: bounds the memory.</param>
    /// <exception cref="ArgumentException">They make no group, or are too many.</exception>
    public ParityGroup(
        SessionId session, IReadOnlyList<ProtectedPack> packs, int percent,
        int stripeBlockCountMax = FormatLimits.ParityStripeBlockCountMax)
        : this(session, packs, percent, rowsPerStripe: null, stripeBlockCountMax)
    {
        if (!IsPossible())
        {
            throw new ArgumentException("These packs make no group.", nameof(packs));
        }
    }

    private ParityGroup(
        SessionId session, IReadOnlyList<ProtectedPack> packs, int percent, int? rowsPerStripe,
        int stripeBlockCountMax)
    {
        (Session, Packs, ParityPercent) = (session, packs, percent);
        firstBlocks = new int[packs.Count];
        int blockCount = 0;
        for (int pack = 0; pack < packs.Count; pack++)
        {
            firstBlocks[pack] = blockCount;
            blockCount += BlockCountOf(packs[pack].LengthBytes);
        }

        int columnCountMax = Math.Min(
            FormatLimits.ParityColumnCountMax, ErasureCode.BlockCountMax * Percent / (Percent + Math.Max(1, percent)));
        BlockCount = blockCount;
        RowCount = Math.Max(1, (blockCount + columnCountMax - 1) / columnCountMax);
        DataColumnCount = Math.Max(1, (blockCount + RowCount - 1) / RowCount);
        ParityColumnCount = Math.Max(1, ((DataColumnCount * percent) + Percent - 1) / Percent);
        RowsPerStripe = rowsPerStripe ?? Math.Clamp(stripeBlockCountMax / ColumnCount, 1, RowCount);
    }

    /// <summary>That published the packs.</summary>
    public SessionId Session { get; }

    /// <summary>Ascending by number.</summary>
    public IReadOnlyList<ProtectedPack> Packs { get; }

    /// <summary>Of the packs' bytes that parity takes, 1 to 100.</summary>
    public int ParityPercent { get; }

    /// <summary>All blocks of packs.</summary>
    public int BlockCount { get; }

    /// <summary>Codewords.</summary>
    public int RowCount { get; }

    /// <summary>Data blocks of a codeword.</summary>
    public int DataColumnCount { get; }

    /// <summary>Parity blocks of a codeword: so many of its blocks may be lost.</summary>
    public int ParityColumnCount { get; }

    public int ColumnCount => DataColumnCount + ParityColumnCount;

    /// <summary>Codewords that stand together in the parity file; the last stripe has the rest.</summary>
    public int RowsPerStripe { get; }

    public int StripeCount => (RowCount + RowsPerStripe - 1) / RowsPerStripe;

    /// <summary>Bytes of all packs.</summary>
    public long PackBytes => Packs.Sum(pack => pack.LengthBytes);

    /// <summary>Of the whole parity file.</summary>
    public long FileLengthBytes => StripeStartBytes(StripeCount) + ParityHead.SizeBytes;

    public PackName NameOf(int pack) => new(PackKind.Chunks, Session, Packs[pack].Number);

    /// <summary>The names of all packs.</summary>
    public IEnumerable<PackName> PackNames() => Packs.Select((_, index) => NameOf(index));

    public int RowCountOf(int stripe) => Math.Min(RowsPerStripe, RowCount - (stripe * RowsPerStripe));

    /// <summary>Where a stripe begins in the parity file; that of <see cref="StripeCount"/> is where the last one
    /// ends. It is checksums, parity columns, and the checksums again.</summary>
    public long StripeStartBytes(int stripe)
    {
        long whole = Math.Min(stripe, StripeCount - 1);
        long startBytes = ParityHead.SizeBytes + (whole * StripeBytes(RowsPerStripe));
        return stripe < StripeCount ? startBytes : startBytes + StripeBytes(RowCountOf(StripeCount - 1));
    }

    /// <summary>Of one copy of a stripe's checksums.</summary>
    public int ChecksumBytes(int rowCount) => ChecksumPages.CountFor(ColumnCount * rowCount) * ChecksumPages.SizeBytes;

    /// <summary>Whether a block of a data column is one of a pack; those that are not count as zeros.</summary>
    public bool HasBlock(int column, int row) => ((long)column * RowCount) + row < BlockCount;

    /// <summary>What of packs lies in one data column of a stripe.</summary>
    public List<ParitySpan> SpansOf(int column, int stripe)
    {
        List<ParitySpan> spans = [];
        int first = (column * RowCount) + (stripe * RowsPerStripe);
        int end = Math.Min(first + RowCountOf(stripe), BlockCount);
        int pack = first < end ? PackAt(first) : 0;
        for (int block = first; block < end; pack++)
        {
            int packEnd = Math.Min(end, firstBlocks[pack] + BlockCountOf(Packs[pack].LengthBytes));
            long offsetBytes = (long)(block - firstBlocks[pack]) * FormatLimits.ParityBlockSizeBytes;
            long lengthBytes = Math.Min(
                (long)(packEnd - block) * FormatLimits.ParityBlockSizeBytes, Packs[pack].LengthBytes - offsetBytes);
            spans.Add(new ParitySpan(
                pack, offsetBytes, (int)lengthBytes, (block - first) * FormatLimits.ParityBlockSizeBytes));
            block = packEnd;
        }

        return spans;
    }

    /// <summary>Where a block of a pack lies.</summary>
    /// <returns>No length where the block is of none.</returns>
    public ParitySpan PlaceOf(int column, int row)
    {
        if (!HasBlock(column, row))
        {
            return default;
        }

        int block = (column * RowCount) + row;
        int pack = PackAt(block);
        long offsetBytes = (long)(block - firstBlocks[pack]) * FormatLimits.ParityBlockSizeBytes;
        long restBytes = Packs[pack].LengthBytes - offsetBytes;
        return new ParitySpan(
            pack, offsetBytes, (int)Math.Min(FormatLimits.ParityBlockSizeBytes, restBytes), AtBytes: 0);
    }

    /// <returns>Null where no group is like that.</returns>
    internal static ParityGroup? TryMake(
        SessionId session, IReadOnlyList<ProtectedPack> packs, int percent, int rowsPerStripe)
    {
        ParityGroup group = new(session, packs, percent, rowsPerStripe, FormatLimits.ParityStripeBlockCountMax);
        return group.IsPossible() ? group : null;
    }

    private bool IsPossible() =>
        !Session.IsNone
        && ParityPercent is > 0 and <= Percent
        && Packs.Count is > 0 and <= FormatLimits.ParityPackCountMax
        && Packs.All(pack => pack.LengthBytes is > 0 and <= FormatLimits.PackLengthMaxBytes)
        && Packs.Zip(Packs.Skip(1)).All(pair => pair.First.Number < pair.Second.Number)
        && RowsPerStripe >= 1 && RowsPerStripe <= RowCount
        && (RowsPerStripe == 1 || (long)RowsPerStripe * ColumnCount <= FormatLimits.ParityStripeBlockCountMax);

    private static int BlockCountOf(long lengthBytes) =>
        (int)((lengthBytes + FormatLimits.ParityBlockSizeBytes - 1) / FormatLimits.ParityBlockSizeBytes);

    private int PackAt(int block)
    {
        int found = Array.BinarySearch(firstBlocks, block);
        return found >= 0 ? found : ~found - 1;
    }

    private long StripeBytes(int rowCount) =>
        (2 * ChecksumBytes(rowCount)) + ((long)ParityColumnCount * rowCount * FormatLimits.ParityBlockSizeBytes);
}
