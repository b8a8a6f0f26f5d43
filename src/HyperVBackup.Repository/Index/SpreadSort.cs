using System.Numerics;

namespace HyperVBackup.Repository.Index;

/// <summary>Sorts words whose leading bits are as spread as those of hashes, in a fraction of the time of a sort that
/// knows nothing of them: each goes at once to about where it belongs, and then moves a few places at most. Others are
/// sorted as such a sort does. Not thread-safe.</summary>
internal sealed class SpreadSort
{
    private const int FewCount = 32;
    private const int CrowdCount = 64; // of hashes so many never go to one place that is meant for one
    private const int WordBits = 64;
    private int[] ends = [];

    /// <param name="words">In any order; their order is lost.</param>
    /// <param name="sorted">As long as these: the same in ascending order.</param>
    public void Run(ReadOnlySpan<ulong> words, Span<ulong> sorted)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(sorted.Length, words.Length);
        if (words.Length > FewCount && TrySpread(words, sorted, BitOperations.Log2((uint)words.Length)))
        {
            Insert(sorted);
        }
        else
        {
            words.CopyTo(sorted);
            sorted.Sort();
        }
    }

    /// <summary>Puts the words in the order of their leading bits.</summary>
    /// <returns>False where the words are not spread.</returns>
    private bool TrySpread(ReadOnlySpan<ulong> words, Span<ulong> sorted, int bitCount)
    {
        int shift = WordBits - bitCount;
        int bucketCount = 1 << bitCount;
        ends = ends.Length < bucketCount ? new int[bucketCount] : ends;
        Span<int> next = ends.AsSpan(0, bucketCount);
        next.Clear();
        foreach (ulong word in words)
        {
            next[(int)(word >> shift)]++;
        }

        int start = 0;
        foreach (ref int place in next)
        {
            if (place > CrowdCount)
            {
                return false;
            }

            (place, start) = (start, start + place);
        }

        foreach (ulong word in words)
        {
            sorted[next[(int)(word >> shift)]++] = word;
        }

        return true;
    }

    private static void Insert(Span<ulong> words)
    {
        for (int position = 1; position < words.Length; position++)
        {
            ulong word = words[position];
            int at = position;
            while (at > 0 && words[at - 1] > word)
            {
                words[at] = words[at - 1];
                at--;
            }

            words[at] = word;
        }
    }
}
