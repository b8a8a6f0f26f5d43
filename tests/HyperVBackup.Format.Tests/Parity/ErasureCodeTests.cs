using System.Numerics;
using HyperVBackup.Format.Parity;
using Xunit;

namespace HyperVBackup.Format.Tests.Parity;

public static class ErasureCodeTests
{
    private const int BlockBytes = GaloisRows.UnitBytes;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 5)]
    [InlineData(5, 1)]
    [InlineData(7, 5)]
    [InlineData(9, 3)]
    public static void Every_subset_that_parity_can_make_good_is_made_good(int dataCount, int parityCount)
    {
        byte[][] codeword = Codeword(new ErasureCode(dataCount, parityCount), new Random(dataCount));
        int blockCount = dataCount + parityCount;
        for (uint lost = 1; lost < 1u << blockCount; lost++)
        {
            if (BitOperations.PopCount(lost) <= parityCount)
            {
                RequireHealed(dataCount, parityCount, codeword, block => (lost >> block & 1) != 0);
            }
        }
    }

    [Theory]
    [InlineData(200, 20)]
    [InlineData(128, 128)]
    [InlineData(170, 85)]
    [InlineData(255, 1)]
    [InlineData(1, 255)]
    [InlineData(200, 2)]
    public static void Large_codes_make_good_as_many_random_losses_as_they_have_parity(int dataCount, int parityCount)
    {
        Random random = new(dataCount);
        byte[][] codeword = Codeword(new ErasureCode(dataCount, parityCount), random);
        for (int turn = 0; turn < 40; turn++)
        {
            int[] order = [.. Enumerable.Range(0, codeword.Length)];
            random.Shuffle(order);
            HashSet<int> lost = [.. order[..parityCount]];
            RequireHealed(dataCount, parityCount, codeword, lost.Contains);
        }
    }

    [Fact]
    public static void Every_way_to_multiply_makes_the_same_parity_and_the_same_of_it()
    {
        byte[][] codeword = Codeword(new ErasureCode(30, 9, GaloisInstructions.Scalar), new Random(3));
        int tried = 0;
        foreach (GaloisInstructions way in Enum.GetValues<GaloisInstructions>().Where(GaloisField.IsSupported))
        {
            ErasureCode code = new(30, 9, way);
            Assert.Equal(codeword, Codeword(code, new Random(3)));
            RequireHealed(30, 9, codeword, block => block % 5 == 1, way);
            tried++;
        }

        Assert.True(tried > 0);
    }

    [Fact]
    public static void No_two_coefficients_of_a_row_or_column_are_equal_and_none_is_zero()
    {
        const int DataCount = 200;
        for (int parity = 0; parity < GaloisField.Size - DataCount; parity++)
        {
            byte[] row = [.. Enumerable.Range(0, DataCount).Select(data => ErasureCode.CoefficientOf(parity, data))];
            Assert.Equal(DataCount, row.Distinct().Count());
            Assert.DoesNotContain((byte)0, row);
        }
    }

    private static byte[][] Codeword(ErasureCode code, Random random)
    {
        byte[][] data = new byte[code.DataCount][];
        byte[] parity = new byte[code.ParityCount * BlockBytes];
        for (int block = 0; block < data.Length; block++)
        {
            data[block] = new byte[BlockBytes];
            random.NextBytes(data[block]);
            code.Add(block, data[block], parity);
        }

        return [.. data, .. parity.Chunk(BlockBytes)];
    }

    private static void RequireHealed(
        int dataCount, int parityCount, byte[][] codeword, Func<int, bool> isLost, GaloisInstructions? way = null)
    {
        ErasureCode code = new(dataCount, parityCount, way ?? GaloisField.Best);
        int[] lost = [.. Enumerable.Range(0, dataCount).Where(isLost)];
        int[] parity = [.. Enumerable.Range(0, parityCount).Where(block => !isLost(dataCount + block))];
        if (lost.Length == 0)
        {
            return;
        }

        ErasureSolution solution = new(code, lost, parity);
        byte[] rests = new byte[lost.Length * BlockBytes];
        for (int taken = 0; taken < lost.Length; taken++)
        {
            codeword[dataCount + solution.ParityTaken[taken]].CopyTo(rests, taken * BlockBytes);
        }

        for (int block = 0; block < dataCount; block++)
        {
            solution.TakeOut(block, isLost(block) ? new byte[BlockBytes] : codeword[block], rests);
        }

        byte[] found = new byte[rests.Length];
        solution.Solve(rests, found);
        Assert.Equal(lost.SelectMany(block => codeword[block]), found);
    }
}
