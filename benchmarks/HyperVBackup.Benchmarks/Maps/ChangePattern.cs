namespace HyperVBackup.Benchmarks.Maps;

/// <summary>Which chunks of a disk change from one point to the next.</summary>
/// <param name="Name">As tables show it.</param>
/// <param name="PerMille">The share of the disk's chunks.</param>
/// <param name="RunMin">The least chunks side by side.</param>
/// <param name="RunMax">The most.</param>
internal sealed record ChangePattern(string Name, int PerMille, int RunMin, int RunMax)
{
    /// <summary>Files written anew, database extents, logs: 4 to 16 MiB side by side.</summary>
    public static ChangePattern Clustered { get; } = new("clustered, 1 %", 10, 64, 256);

    /// <summary>Single chunks anywhere on the disk.</summary>
    public static ChangePattern Scattered { get; } = new("scattered, 1 %", 10, 1, 1);

    /// <summary>Single chunks anywhere, few of them.</summary>
    public static ChangePattern Sparse { get; } = new("scattered, 0.1 %", 1, 1, 1);

    /// <summary>The indexes of the chunks, ascending.</summary>
    public List<long> Choose(Random random, long chunkCount)
    {
        long wanted = chunkCount * PerMille / 1000;
        HashSet<long> chosen = [];
        while (chosen.Count < wanted)
        {
            long length = Math.Min(random.Next(RunMin, RunMax + 1), wanted - chosen.Count);
            long start = random.NextInt64(chunkCount);
            for (long index = start; index < Math.Min(start + length, chunkCount); index++)
            {
                chosen.Add(index);
            }
        }

        List<long> indexes = [.. chosen];
        indexes.Sort();
        return indexes;
    }
}
