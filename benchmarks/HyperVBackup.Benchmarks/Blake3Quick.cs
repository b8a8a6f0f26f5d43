using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using HyperVBackup.Blake3;

namespace HyperVBackup.Benchmarks;

/// <summary>Median speed of every path, on one core, within seconds: for a glance, not for a verdict.</summary>
internal static class Blake3Quick
{
    private const int SampleCount = 101;
    private static readonly TimeSpan warmUp = TimeSpan.FromMilliseconds(100);

    // Short, so that on a busy machine most samples fall within one time slice.
    private static readonly TimeSpan sampleTime = TimeSpan.FromMilliseconds(0.5);

    public static void Run(TextWriter output)
    {
        output.WriteLine(Machine());
        output.WriteLine("GB/s of one core: median (best)");
        output.WriteLine("below it, bytes in a cycle of the clock seen beside each sample: median");
        output.WriteLine("path".PadRight(12) + string.Concat(Blake3Work.All.Select(work => work.Name.PadLeft(15))));
        foreach (InstructionSet set in Enum.GetValues<InstructionSet>())
        {
            if (!InstructionSupport.IsSupported(set))
            {
                output.WriteLine(set.ToString().PadRight(12) + " not supported by this machine");
                continue;
            }
            Sample[][] columns = Columns(set);
            output.WriteLine(set.ToString().PadRight(12) + Line(columns, Speeds));
            output.WriteLine("  per cycle".PadRight(12) + Line(columns, BytesPerCycle));
        }
    }

    private static Sample[][] Columns(InstructionSet set)
    {
        // The first turn is for the compiler, which optimizes in the background what has run often.
        _ = Blake3Work.All.Select(work => Samples(set, work)).ToArray();
        return [.. Blake3Work.All.Select(work => Samples(set, work))];
    }

    private static string Line(Sample[][] columns, Func<Sample[], string> cell) =>
        string.Concat(columns.Select(samples => cell(samples).PadLeft(15)));

    private static string Speeds(Sample[] samples)
    {
        double[] speeds = [.. samples.Select(sample => sample.GigabytesPerSecond).Order()];
        return string.Create(CultureInfo.InvariantCulture, $"{speeds[speeds.Length / 2]:F2} ({speeds[^1]:F2})");
    }

    // Without the best: the clock may have moved between sample and look.
    private static string BytesPerCycle(Sample[] samples)
    {
        double[] perCycle = [.. samples.Select(sample => sample.BytesPerCycle).Order()];
        return string.Create(CultureInfo.InvariantCulture, $"{perCycle[perCycle.Length / 2]:F2}       ");
    }

    private static Sample[] Samples(InstructionSet set, Blake3Work work)
    {
        Blake3Mode mode = Blake3Mode.Plain.With(set);
        byte[] input = new byte[work.SizeBytes];
        new Random(1).NextBytes(input);
        byte[] output = new byte[work.SizeBytes];
        _ = Speed(mode, work, input, output, warmUp);
        Sample[] samples = new Sample[SampleCount];
        for (int i = 0; i < samples.Length; i++)
        {
            double gigahertz = CpuClock.MeasureGigahertz();
            double speed = Speed(mode, work, input, output, sampleTime);
            samples[i] = new Sample(speed, speed / Math.Max(gigahertz, CpuClock.MeasureGigahertz()));
        }
        return samples;
    }

    /// <summary>How many 10^9 bytes a second were hashed.</summary>
    private static double Speed(Blake3Mode mode, Blake3Work work, byte[] input, byte[] output, TimeSpan atLeast)
    {
        const int CallsPerLook = 2;
        long hashedBytes = 0;
        long start = Stopwatch.GetTimestamp();
        TimeSpan elapsed;
        do
        {
            for (int i = 0; i < CallsPerLook; i++)
            {
                work.Call(mode, input, output);
            }
            hashedBytes += CallsPerLook * (long)work.SizeBytes;
            elapsed = Stopwatch.GetElapsedTime(start);
        }
        while (elapsed < atLeast);
        return hashedBytes / elapsed.TotalSeconds / 1e9;
    }

    /// <summary>The machine, in one line.</summary>
    public static string Machine()
    {
        const string CpuFile = "/proc/cpuinfo";
        string? cpu = File.Exists(CpuFile)
            ? File.ReadLines(CpuFile).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            : Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER");
        string name = cpu?.Split(':')[^1].Trim() ?? "unknown CPU";
        return $"{name}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, "
            + RuntimeInformation.FrameworkDescription;
    }

    private readonly record struct Sample(double GigabytesPerSecond, double BytesPerCycle);
}
