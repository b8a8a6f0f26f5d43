using System.Globalization;
using System.Runtime.InteropServices;

namespace HyperVBackup.Benchmarks.Scenarios.Reports;

/// <summary>Where, when, and of what the numbers are.</summary>
internal static class MachineReport
{
    public static void Write(TextWriter output, TimeProvider clock)
    {
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Measured {clock.GetUtcNow():yyyy-MM-dd HH:mm} UTC, commit {Commit()}, on {Environment.MachineName}: "
            + $"{Cpu()}, {Environment.ProcessorCount} cores, {MemoryGiB():F0} GiB, {RuntimeInformation.OSDescription}, "
            + $"{RuntimeInformation.FrameworkDescription}; load average before: {LoadAverage()}."));
        output.WriteLine();
    }

    /// <summary>What the machine does besides, which spoils numbers.</summary>
    public static string LoadAverage() => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    private static string Commit()
    {
        string commit = MeasuredProcess.Do("git", "rev-parse", "--short", "HEAD").Trim();
        bool isChanged = MeasuredProcess.Do("git", "status", "--porcelain", "--untracked-files=no").Length > 0;
        return isChanged ? commit + " and changes" : commit;
    }

    private static string Cpu() =>
        File.ReadLines("/proc/cpuinfo").First(line => line.StartsWith("model name", StringComparison.Ordinal))
            .Split(':')[^1].Trim();

    private static double MemoryGiB() => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30);
}
