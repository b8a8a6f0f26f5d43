using System.Diagnostics;
using System.Globalization;
using HyperVBackup.Format;

namespace HyperVBackup.Benchmarks.Index;

/// <summary>
/// <c>index --entries N --memory SIZE [--folder F] [--cold]</c>: builds an index of N synthetic chunks and measures it,
/// each step in a process of its own, so that each opens the index anew and its peak of memory is its own.
/// </summary>
internal static class IndexBenchmark
{
    private static readonly string[] steps = ["load", "open", "incremental", "incremental", "miss", "hit"];

    public static int Run(string[] arguments, TextWriter output)
    {
        IndexOrder order = IndexOrder.Parse(arguments);
        if (order.Step is not null)
        {
            IndexSteps.Run(order, output);
            return 0;
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"index of {order.EntryCount:N0} entries, --memory {order.MemoryBytes >> 20:N0} MiB"));
        string folder = Directory.CreateDirectory(order.Folder).FullName;
        try
        {
            foreach (string step in steps)
            {
                if (order.IsCold)
                {
                    Forget(folder);
                }

                RunApart(order, step);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return 0;
    }

    private static void RunApart(IndexOrder order, string step)
    {
        using Process process = Process.Start(Environment.ProcessPath!, order.ArgumentsOf(step));
        process.WaitForExit();
        Invariant.Check(process.ExitCode == 0);
    }

    /// <summary>Lets the system drop these files from its cache; others' files stay.</summary>
    private static void Forget(string folder)
    {
        foreach (string path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            using Process process = Process.Start(
                "dd", ["if=" + path, "iflag=nocache", "count=0", "status=none"]);
            process.WaitForExit();
        }
    }
}
