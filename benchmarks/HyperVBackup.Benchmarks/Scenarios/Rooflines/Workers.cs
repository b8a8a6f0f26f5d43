namespace HyperVBackup.Benchmarks.Scenarios.Rooflines;

/// <summary>The threads of a roofline: as many as the verbs have workers.</summary>
internal static class Workers
{
    /// <summary>Does <paramref name="work"/> on all numbers below a count, each thread with buffers of its own.
    /// </summary>
    public static void Run(int count, Action<ChunkBuffers, int> work)
    {
        int next = -1;
        ParallelOptions options = new() { MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.For(0, Environment.ProcessorCount, options, _ =>
        {
            ChunkBuffers buffers = new();
            for (int number = Interlocked.Increment(ref next); number < count;
                number = Interlocked.Increment(ref next))
            {
                work(buffers, number);
            }
        });
    }
}
