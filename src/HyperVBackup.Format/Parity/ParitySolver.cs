using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format.Parity;

/// <summary>Computes lost blocks of a stripe, row by row. Neighbouring rows often lost the same blocks: how these
/// follow from the others is then found out once. One thread at a time.</summary>
internal sealed class ParitySolver(ParityStripe stripe, ErasureCode code)
{
    private const int BlockBytes = FormatLimits.ParityBlockSizeBytes;

    private readonly Memory<byte> rests = AlignedBytes.Allocate(code.ParityCount * BlockBytes);
    private readonly Memory<byte> found = AlignedBytes.Allocate(code.ParityCount * BlockBytes);
    private int[] lostBefore = [];
    private int[] parityBefore = [];
    private ErasureSolution? solution;

    /// <returns>Whether all data of the row is there now.</returns>
    public bool TryHealData(int row)
    {
        int[] lost = Columns(row, 0, code.DataCount, state => state is BlockState.Lost or BlockState.Unsure);
        int[] parity = Columns(row, code.DataCount, code.ParityCount, state => state == BlockState.Good);
        if (parity.Length < lost.Length)
        {
            lost = Columns(row, 0, code.DataCount, state => state == BlockState.Lost);
            parity = Columns(row, code.DataCount, code.ParityCount, state => state != BlockState.Lost);
        }

        if (lost.Length == 0 || parity.Length < lost.Length)
        {
            return lost.Length == 0;
        }

        Solve(row, lost, parity);
        bool isWhole = true;
        for (int index = 0; index < lost.Length; index++)
        {
            isWhole &= stripe.TryTake(lost[index], row, found.Span.Slice(index * BlockBytes, BlockBytes));
        }

        return isWhole;
    }

    /// <summary>Makes lost parity of a row anew, whose data is all there.</summary>
    public void HealParity(int row)
    {
        int[] lost = Columns(
            row, code.DataCount, code.ParityCount, state => state is BlockState.Lost or BlockState.Unsure);
        if (lost.Length == 0)
        {
            return;
        }

        found.Span.Clear();
        for (int column = 0; column < code.DataCount; column++)
        {
            code.Add(column, stripe.Block(column, row).Span, found.Span);
        }

        foreach (int parity in lost)
        {
            stripe.TryTake(code.DataCount + parity, row, found.Span.Slice(parity * BlockBytes, BlockBytes));
        }
    }

    private void Solve(int row, int[] lost, int[] parity)
    {
        if (solution is null || !lost.SequenceEqual(lostBefore) || !parity.SequenceEqual(parityBefore))
        {
            solution = new ErasureSolution(code, lost, parity);
            (lostBefore, parityBefore) = (lost, parity);
        }

        Span<byte> rest = rests.Span[..(lost.Length * BlockBytes)];
        for (int index = 0; index < lost.Length; index++)
        {
            stripe.Block(code.DataCount + solution.ParityTaken[index], row).Span.CopyTo(rest[(index * BlockBytes)..]);
        }

        for (int column = 0; column < code.DataCount; column++)
        {
            solution.TakeOut(column, stripe.Block(column, row).Span, rest);
        }

        solution.Solve(rest, found.Span[..rest.Length]);
    }

    /// <summary>Numbers, from the first one asked for, of the columns whose block is in a wanted state.</summary>
    private int[] Columns(int row, int first, int count, Func<BlockState, bool> isWanted)
    {
        int[] columns = new int[count];
        int filled = 0;
        for (int column = 0; column < count; column++)
        {
            if (isWanted(stripe.StateOf(first + column, row)))
            {
                columns[filled++] = column;
            }
        }

        return columns[..filled];
    }
}
