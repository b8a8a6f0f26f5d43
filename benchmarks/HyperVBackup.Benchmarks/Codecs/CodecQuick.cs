using System.Diagnostics;
using System.Globalization;

namespace HyperVBackup.Benchmarks.Codecs;

/// <summary>Speed and ratio of every codec on the chunks of a real disk, on one core. The codecs take turns on a few
/// chunks each, so that whatever else the machine does hits all alike.</summary>
internal static class CodecQuick
{
    private const int WarmUpTurns = 300;

    // Few, so that on a busy machine most turns fall within one time slice.
    private const int ChunksPerTurn = 2;

    /// <param name="imagePath">A raw image; chunks are made up where it is null.</param>
    public static void Run(string? imagePath, TextWriter output)
    {
        IReadOnlyList<byte[]> chunks = imagePath is null ? ChunkSample.Make() : ChunkSample.Read(imagePath);
        Tally[] tallies = [.. CodecUnderTest.All.Select(codec => new Tally(codec))];
        byte[][][] turns = [.. chunks.Chunk(ChunksPerTurn)];
        foreach (byte[][] turn in turns.Take(WarmUpTurns))
        {
            Array.ForEach(tallies, tally => tally.Take(turn));
        }

        Array.ForEach(tallies, tally => tally.Clear());
        for (int number = 0; number < turns.Length; number++)
        {
            for (int next = 0; next < tallies.Length; next++)
            {
                tallies[(number + next) % tallies.Length].Take(turns[number]);
            }
        }

        long plainBytes = chunks.Sum(chunk => (long)chunk.Length);
        output.WriteLine(Blake3Quick.Machine());
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{chunks.Count} chunks, {plainBytes / 1e6:F0} MB without pages of zeros"));
        output.WriteLine("GB/s of one core, in plain bytes: median (best); x: median of the ratios to the first line");
        output.WriteLine($"{"codec",-12}{"compress",16}{"x",7}{"expand",16}{"x",7}{"plain/stored",14}{"stored",9}");
        foreach (Tally tally in tallies)
        {
            output.WriteLine(tally.Line(tallies[0], plainBytes));
        }
    }

    /// <summary>What one codec took and made.</summary>
    private sealed class Tally(CodecUnderTest codec)
    {
        private readonly byte[] stored = new byte[(64 << 10) * ChunksPerTurn];
        private readonly byte[] expanded = new byte[64 << 10];
        private readonly int[] lengths = new int[ChunksPerTurn];
        private readonly List<double> compressSpeeds = [];
        private readonly List<double> expandSpeeds = [];
        private long storedBytes;

        public void Clear()
        {
            storedBytes = 0;
            compressSpeeds.Clear();
            expandSpeeds.Clear();
        }

        public void Take(byte[][] chunks)
        {
            long start = Stopwatch.GetTimestamp();
            for (int index = 0; index < chunks.Length; index++)
            {
                lengths[index] = codec.Compress(chunks[index], Place(index, chunks[index].Length));
            }

            TimeSpan compressing = Stopwatch.GetElapsedTime(start);
            compressSpeeds.Add(chunks.Sum(chunk => (double)chunk.Length) / compressing.TotalSeconds / 1e9);
            storedBytes += chunks.Select((chunk, index) => lengths[index] > 0 ? lengths[index] : chunk.Length).Sum();
            Expand(chunks);
        }

        public string Line(Tally first, long plainBytes) => string.Create(
            CultureInfo.InvariantCulture,
            $"{codec.Name,-12}{Speeds(compressSpeeds),16}{Ratio(compressSpeeds, first.compressSpeeds),7:F2}"
            + $"{Speeds(expandSpeeds),16}{Ratio(expandSpeeds, first.expandSpeeds),7:F2}"
            + $"{(double)plainBytes / storedBytes,14:F3}{100.0 * storedBytes / first.storedBytes,8:F2}%");

        private static double Median(IEnumerable<double> values)
        {
            double[] sorted = [.. values.Where(double.IsFinite).Order()];
            return sorted.Length == 0 ? 0 : sorted[sorted.Length / 2];
        }

        private static double Ratio(List<double> speeds, List<double> others) =>
            Median(speeds.Zip(others, (speed, other) => speed / other));

        private static string Speeds(List<double> speeds) => string.Create(
            CultureInfo.InvariantCulture, $"{Median(speeds):F2} ({speeds.Where(double.IsFinite).Max():F2})");

        /// <summary>A turn of which no chunk was worth compressing counts for nothing.</summary>
        private void Expand(byte[][] chunks)
        {
            long plainBytes = 0;
            long start = Stopwatch.GetTimestamp();
            for (int index = 0; index < chunks.Length; index++)
            {
                if (lengths[index] > 0)
                {
                    int length = codec.Expand(Place(index, lengths[index]), expanded.AsSpan(0, chunks[index].Length));
                    plainBytes += length == chunks[index].Length
                        ? length
                        : throw new InvalidOperationException($"{codec.Name} did not expand what it compressed.");
                }
            }

            TimeSpan expanding = Stopwatch.GetElapsedTime(start);
            expandSpeeds.Add(plainBytes == 0 ? double.NaN : plainBytes / expanding.TotalSeconds / 1e9);
        }

        private Span<byte> Place(int index, int lengthBytes) => stored.AsSpan(index * (64 << 10), lengthBytes);
    }
}
