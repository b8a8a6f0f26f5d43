using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format.Parity;

/// <summary>
/// Some codewords of a group in memory, one after the other: filled with data to make parity of it, or with data and
/// parity to find what is damaged. Holds <see cref="ParityGroup.RowsPerStripe"/> rows, at most about 48 MiB. One thread
/// at a time.
/// </summary>
public sealed class ParityStripe
{
    private const int BlockBytes = FormatLimits.ParityBlockSizeBytes;

    /// <summary>Rows encoded together, so that their parity stays in the nearest cache.</summary>
    private const int TileRowCount = 2;

    private readonly ErasureCode code;
    private readonly Memory<byte> blocks;
    private readonly byte[] pages;
    private readonly Memory<byte> tile;
    private readonly uint[] checksums;
    private readonly bool[] isKnown;
    private readonly BlockState[] states;

    public ParityStripe(ParityGroup group)
        : this(group, GaloisField.Best)
    {
    }

    internal ParityStripe(ParityGroup group, GaloisInstructions instructions)
    {
        Group = group;
        code = new ErasureCode(group.DataColumnCount, group.ParityColumnCount, instructions);
        int blockCount = group.ColumnCount * group.RowsPerStripe;
        blocks = AlignedBytes.Allocate(blockCount * BlockBytes);
        pages = new byte[2 * group.ChecksumBytes(group.RowsPerStripe)];
        tile = AlignedBytes.Allocate(group.ParityColumnCount * TileRowCount * BlockBytes);
        checksums = new uint[blockCount];
        isKnown = new bool[blockCount];
        states = new BlockState[blockCount];
        Begin(0);
    }

    public ParityGroup Group { get; }

    /// <summary>Number of the stripe that is held.</summary>
    public int Number { get; private set; }

    public int RowCount { get; private set; }

    /// <summary>All parity columns, as they stand in the file.</summary>
    public Memory<byte> Parity =>
        blocks.Slice(Group.DataColumnCount * ColumnBytes, Group.ParityColumnCount * ColumnBytes);

    /// <summary>One copy of the checksums, as it stands in the file.</summary>
    public Memory<byte> Checksums => pages.AsMemory(0, Group.ChecksumBytes(RowCount));

    /// <summary>Room for the other copy.</summary>
    public Memory<byte> SecondChecksums =>
        pages.AsMemory(Group.ChecksumBytes(RowCount), Group.ChecksumBytes(RowCount));

    private int ColumnBytes => RowCount * BlockBytes;

    /// <summary>Forgets everything; what is not filled in counts as zeros.</summary>
    public void Begin(int number)
    {
        (Number, RowCount) = (number, Group.RowCountOf(number));
        blocks.Span.Clear();
        Array.Clear(states);
        Array.Clear(isKnown);
    }

    /// <summary>The stripe's part of a column, data first.</summary>
    public Memory<byte> Column(int column) => blocks.Slice(column * ColumnBytes, ColumnBytes);

    public Memory<byte> Block(int column, int row) => Column(column).Slice(row * BlockBytes, BlockBytes);

    public BlockState StateOf(int column, int row) => states[(column * RowCount) + row];

    /// <summary>Bytes of a column that could not be read.</summary>
    public void NoteLost(int column, int atBytes, int lengthBytes)
    {
        int first = (column * RowCount) + (atBytes / BlockBytes);
        int end = (column * RowCount) + ((atBytes + lengthBytes + BlockBytes - 1) / BlockBytes);
        states.AsSpan(first..end).Fill(BlockState.Lost);
    }

    /// <summary>Makes parity, and the checksums, of the data.</summary>
    public void Encode()
    {
        for (int row = 0; row < RowCount; row += TileRowCount)
        {
            EncodeRows(row, Math.Min(TileRowCount, RowCount - row));
        }

        WriteChecksums();
    }

    /// <summary>Makes the checksums of all blocks as they are.</summary>
    public void WriteChecksums()
    {
        for (int block = 0; block < Group.ColumnCount * RowCount; block++)
        {
            checksums[block] = ChecksumOf(block);
        }

        ChecksumPages.Write(Number, checksums.AsSpan(0, Group.ColumnCount * RowCount), Checksums.Span);
    }

    /// <summary>Takes from both copies of the checksums what is good, and holds the blocks against it.</summary>
    /// <param name="damaged">Told where a page of a copy is damaged: whether of the second one, and the page.</param>
    public void FindDamage(Action<bool, int> damaged)
    {
        int blockCount = Group.ColumnCount * RowCount;
        for (int page = 0; page < ChecksumPages.CountFor(blockCount); page++)
        {
            bool isFirst = ChecksumPages.TryRead(Number, page, Checksums.Span, checksums.AsSpan(0, blockCount));
            bool isSecond =
                ChecksumPages.TryRead(Number, page, SecondChecksums.Span, checksums.AsSpan(0, blockCount));
            int first = page * ChecksumPages.EntryCount;
            isKnown.AsSpan(first..Math.Min(first + ChecksumPages.EntryCount, blockCount)).Fill(isFirst || isSecond);
            if (!isFirst)
            {
                damaged(false, page);
            }

            if (!isSecond)
            {
                damaged(true, page);
            }
        }

        for (int block = 0; block < blockCount; block++)
        {
            states[block] = !Exists(block) ? BlockState.Good
                : states[block] == BlockState.Lost ? BlockState.Lost
                : !isKnown[block] ? BlockState.Unsure
                : checksums[block] == ChecksumOf(block) ? BlockState.Good
                : BlockState.Lost;
        }
    }

    /// <summary>Computes all lost blocks of every row that has as many good parity blocks as lost data blocks. Blocks
    /// that are not sure count as lost where the row can afford that, else as good.</summary>
    public void Heal()
    {
        ParitySolver solver = new(this, code);
        for (int row = 0; row < RowCount; row++)
        {
            if (solver.TryHealData(row))
            {
                solver.HealParity(row);
            }
        }
    }

    /// <summary>Takes what was computed for a block, unless its checksum speaks against it.</summary>
    internal bool TryTake(int column, int row, ReadOnlySpan<byte> bytes)
    {
        int block = (column * RowCount) + row;
        if (isKnown[block] && BlockChecksum.Of(bytes) != checksums[block])
        {
            return false;
        }

        bytes.CopyTo(Block(column, row).Span);
        states[block] = BlockState.Healed;
        return true;
    }

    internal bool Exists(int column, int row) =>
        column >= Group.DataColumnCount || Group.HasBlock(column, (Number * Group.RowsPerStripe) + row);

    private bool Exists(int block) => Exists(block / RowCount, block % RowCount);

    private uint ChecksumOf(int block) => BlockChecksum.Of(blocks.Span.Slice(block * BlockBytes, BlockBytes));

    private void EncodeRows(int row, int rowCount)
    {
        int lengthBytes = rowCount * BlockBytes;
        Span<byte> parity = tile.Span[..(Group.ParityColumnCount * lengthBytes)];
        parity.Clear();
        for (int column = 0; column < Group.DataColumnCount; column++)
        {
            code.Add(column, Column(column).Span.Slice(row * BlockBytes, lengthBytes), parity);
        }

        for (int column = 0; column < Group.ParityColumnCount; column++)
        {
            parity.Slice(column * lengthBytes, lengthBytes).CopyTo(
                Column(Group.DataColumnCount + column).Span[(row * BlockBytes)..]);
        }
    }
}
