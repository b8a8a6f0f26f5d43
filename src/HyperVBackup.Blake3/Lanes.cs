using System.Runtime.CompilerServices;

namespace HyperVBackup.Blake3;

/// <summary>Shares lane work out over the vectors that an instruction set has.</summary>
internal static class Lanes
{
    private const int WidthMax = Avx512Lanes.Width;

    /// <summary>
    /// Hashes the first <paramref name="laneCount"/> lanes of <paramref name="work"/> into 32 bytes each, in order.
    /// <paramref name="outputs"/> may begin where the input begins: a group of lanes is read before it is written,
    /// and a run is never shorter than its output.
    /// </summary>
    public static void Hash(InstructionSet set, scoped LaneWork work, int laneCount, Span<byte> outputs)
    {
        while (true)
        {
            int width = WidthFor(set, laneCount);
            int groupCount = Math.Min(width, laneCount);
            HashGroup(width, set, work, groupCount, outputs[..(groupCount * Definition.DigestSizeBytes)]);
            laneCount -= groupCount;
            if (laneCount == 0)
            {
                return;
            }
            outputs = outputs[(groupCount * Definition.DigestSizeBytes)..];
            work = work.Skip(groupCount);
        }
    }

    /// <summary>Whether <see cref="Avx512Trees"/> takes so many lanes, parents and all.</summary>
    public static bool AreTrees(InstructionSet set, int laneCount) =>
        set == InstructionSet.Avx512 && laneCount == Avx512Trees.LaneCount;

    /// <summary>
    /// The narrowest vectors that take all lanes at once, or else the widest there are. With AVX-512 up to eight lanes
    /// are two times four rather than half of sixteen.
    /// </summary>
    private static int WidthFor(InstructionSet set, int laneCount) => set switch
    {
        InstructionSet.Scalar => 1,
        _ when laneCount == 1 => 1,
        InstructionSet.Avx512 => laneCount > 2 * Avx512Quads.Width ? Avx512Lanes.Width : Avx512Quads.Width,
        InstructionSet.Avx2 when laneCount > Vector128Lanes.Width => Avx2Lanes.Width,
        _ => Vector128Lanes.Width,
    };

    [SkipLocalsInit]
    private static void HashGroup(
        int width, InstructionSet set, scoped in LaneWork work, int groupCount, Span<byte> outputs)
    {
        // Vectors write as many values as they have lanes.
        Span<byte> spare = stackalloc byte[WidthMax * Definition.DigestSizeBytes];
        Span<byte> values = groupCount < width ? spare : outputs;
        switch (width)
        {
            case Avx512Lanes.Width:
                Avx512Lanes.Hash(work, groupCount, values);
                break;
            case Avx2Lanes.Width:
                Avx2Lanes.Hash(work, groupCount, values);
                break;
            case Avx512Quads.Width when set == InstructionSet.Avx512:
                Avx512Quads.Hash(work, groupCount, values);
                break;
            case Vector128Lanes.Width:
                Vector128Lanes.Hash(work, groupCount, values);
                break;
            default:
                SingleLane.Hash(set, work.Only(), values);
                break;
        }
        if (groupCount < width)
        {
            values[..outputs.Length].CopyTo(outputs);
        }
    }
}
