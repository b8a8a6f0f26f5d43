namespace HyperVBackup.Format.Parity;

/// <summary>
/// How the lost data blocks of a codeword follow from those that are left. The same for all codewords that lost the
/// same blocks. Immutable and thread-safe.
/// </summary>
internal sealed class ErasureSolution
{
    private readonly GaloisInstructions instructions;
    private readonly bool[] isLost;

    /// <summary>By data block: what it is multiplied with in each parity block taken.</summary>
    private readonly byte[] coefficients;

    /// <summary>By parity block taken: what its rest is multiplied with in each lost block.</summary>
    private readonly byte[] inverse;

    private readonly int[] parityTaken;

    /// <param name="lost">Numbers of the lost data blocks, ascending; at least one.</param>
    /// <param name="parity">Numbers of parity blocks that are there; at least as many.</param>
    public ErasureSolution(ErasureCode code, ReadOnlySpan<int> lost, ReadOnlySpan<int> parity)
    {
        Invariant.Check(lost.Length > 0 && parity.Length >= lost.Length);
        (instructions, LostCount) = (code.Instructions, lost.Length);
        parityTaken = [.. parity[..lost.Length]];
        isLost = new bool[code.DataCount];
        foreach (int data in lost)
        {
            isLost[data] = true;
        }

        coefficients = new byte[code.DataCount * LostCount];
        for (int data = 0; data < code.DataCount; data++)
        {
            for (int taken = 0; taken < LostCount; taken++)
            {
                coefficients[(data * LostCount) + taken] = ErasureCode.CoefficientOf(parityTaken[taken], data);
            }
        }

        inverse = Invert(lost);
    }

    public int LostCount { get; }

    /// <summary>The numbers of the parity blocks that are taken, in the order in which they are wanted.</summary>
    public ReadOnlySpan<int> ParityTaken => parityTaken;

    /// <summary>Takes a data block that is there out of the parity blocks taken.</summary>
    /// <param name="rests">The parity blocks of <see cref="ParityTaken"/> side by side; what is left of them.</param>
    public void TakeOut(int data, ReadOnlySpan<byte> block, Span<byte> rests)
    {
        if (!isLost[data])
        {
            GaloisRows.MultiplyAdd(
                coefficients.AsSpan(data * LostCount, LostCount), block, rests, instructions);
        }
    }

    /// <summary>Computes the lost blocks, in the order of their numbers, once all others were taken out.</summary>
    /// <param name="rests">What is left of the parity blocks.</param>
    /// <param name="lost">As many blocks; overwritten.</param>
    public void Solve(ReadOnlySpan<byte> rests, Span<byte> lost)
    {
        int blockBytes = rests.Length / LostCount;
        lost.Clear();
        for (int taken = 0; taken < LostCount; taken++)
        {
            GaloisRows.MultiplyAdd(
                inverse.AsSpan(taken * LostCount, LostCount), rests.Slice(taken * blockBytes, blockBytes), lost,
                instructions);
        }
    }

    /// <summary>Gauss and Jordan: the rows of the matrix, each with its row of the unit matrix behind it.</summary>
    private byte[] Invert(ReadOnlySpan<int> lost)
    {
        int rowBytes = (2 * LostCount + GaloisRows.UnitBytes - 1) / GaloisRows.UnitBytes * GaloisRows.UnitBytes;
        byte[] rows = new byte[LostCount * rowBytes];
        for (int row = 0; row < LostCount; row++)
        {
            for (int column = 0; column < LostCount; column++)
            {
                rows[(row * rowBytes) + column] = coefficients[(lost[column] * LostCount) + row];
            }

            rows[(row * rowBytes) + LostCount + row] = 1;
        }

        byte[] pivot = new byte[rowBytes];
        for (int column = 0; column < LostCount; column++)
        {
            Eliminate(rows, rowBytes, column, pivot);
        }

        byte[] found = new byte[LostCount * LostCount];
        for (int row = 0; row < LostCount; row++)
        {
            for (int taken = 0; taken < LostCount; taken++)
            {
                found[(taken * LostCount) + row] = rows[(row * rowBytes) + LostCount + taken];
            }
        }

        return found;
    }

    /// <summary>Every leading part of a Cauchy matrix can be inverted, so no pivot is ever zero and none is looked
    /// for.</summary>
    private void Eliminate(byte[] rows, int rowBytes, int column, byte[] pivot)
    {
        Array.Clear(pivot);
        Span<byte> own = rows.AsSpan(column * rowBytes, rowBytes);
        byte scale = GaloisField.Invert(own[column]);
        GaloisRows.MultiplyAdd([scale], own, pivot, instructions);
        pivot.CopyTo(own);
        Span<byte> factor = stackalloc byte[1];
        for (int row = 0; row < LostCount; row++)
        {
            factor[0] = rows[(row * rowBytes) + column];
            if (row != column && factor[0] != 0)
            {
                GaloisRows.MultiplyAdd(factor, pivot, rows.AsSpan(row * rowBytes, rowBytes), instructions);
            }
        }
    }
}
