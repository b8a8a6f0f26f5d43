using System.Diagnostics;
using HyperVBackup.Benchmarks.Scenarios.Reports;

namespace HyperVBackup.Benchmarks.Collect;

/// <summary>
/// <c>collect [--chunks N] [--points N] [--disks N] [--memory-mib N] [--folder F]</c>: makes a repository of synthetic
/// chunks, prunes the older half of its points and collects, each step in a process of its own, so that its peak of
/// memory is its own.
/// </summary>
internal static class CollectBenchmark
{
    private static readonly string[] steps =
    [
        "make", "collect", "collect", "prune", "dry-run", "collect", "collect", "backup", "collect", "verify",
    ];

    public static async Task<int> RunAsync(string[] arguments, TextWriter output)
    {
        CollectOrder order = CollectOrder.Parse(arguments);
        if (order.Step is not null)
        {
            using CollectSteps steps = new(order, output);
            await steps.RunAsync();
            return 0;
        }

        MachineReport.Write(output, TimeProvider.System);
        output.WriteLine(
            FormattableString.Invariant($"{order.ChunkCount:N0} chunks, {order.PointCount} points of ")
            + FormattableString.Invariant($"{order.DiskCount} disks, --memory {order.MemoryBytes >> 20} MiB"));
        string folder = Directory.CreateDirectory(order.Folder).FullName;
        try
        {
            foreach (string step in steps)
            {
                using Process process = Process.Start(Environment.ProcessPath!, order.ArgumentsOf(step));
                await process.WaitForExitAsync();
                if (process.ExitCode != 0)
                {
                    return process.ExitCode;
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return 0;
    }
}
