namespace HyperVBackup.Blake3;

/// <summary>Shares lane work out over the vectors that an instruction set has.</summary>
internal static class Lanes
{
    /// <summary>
    /// Hashes the first <paramref name="laneCount"/> lanes of <paramref name="work"/> into 32 bytes each, in order.
    /// <paramref name="outputs"/> may begin where the input begins: a group of lanes is read before it is written,
    /// and a run is never shorter than its output.
    /// </summary>
    public static void Hash(InstructionSet set, scoped LaneWork work, int laneCount, Span<byte> outputs)
    {
        while (laneCount > 0)
        {
            HashOne(set, work, outputs);
            outputs = outputs[Definition.DigestSizeBytes..];
            laneCount--;
            work = laneCount == 0 ? work : work.Skip(1);
        }
    }

    private static void HashOne(InstructionSet set, scoped in LaneWork work, Span<byte> output)
    {
        LaneWork one = new()
        {
            Input = work.Input[..(work.BlockCount * Definition.BlockSizeBytes)],
            StrideBytes = work.StrideBytes,
            BlockCount = work.BlockCount,
            KeyWords = work.KeyWords,
            FirstCounter = work.FirstCounter,
            CounterMask = work.CounterMask,
            Flags = work.Flags,
            FirstBlockFlags = work.FirstBlockFlags,
            LastBlockFlags = work.LastBlockFlags,
        };
        SingleLane.Hash(set, one, output);
    }
}
