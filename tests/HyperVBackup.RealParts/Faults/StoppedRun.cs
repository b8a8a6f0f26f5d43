using System.Diagnostics;
using System.Globalization;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Tools;

namespace HyperVBackup.RealParts.Faults;

/// <summary>A run of the real program that stops at each of its flushes, so that something can be done just then.
/// </summary>
internal sealed class StoppedRun
{
    private static readonly TimeSpan lookInterval = TimeSpan.FromMilliseconds(10);
    private readonly Process tracer;
    private readonly Task<string> output;
    private readonly Task<string> errors;

    public StoppedRun(Hvbackup hvbackup, IEnumerable<string> arguments)
    {
        tracer = hvbackup.StartTraced(
            ["-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:signal=STOP:when=1+"], arguments);
        output = tracer.StandardOutput.ReadToEndAsync();
        errors = tracer.StandardError.ReadToEndAsync();
    }

    /// <summary>Lets it go on from stop to stop, and does something at one of them.</summary>
    /// <param name="flush">From 1.</param>
    /// <returns>Whether there were so many.</returns>
    public bool Strike(int flush, Action strike)
    {
        int stopCount = 0;
        bool wasStopped = false;
        bool isStruck = false;
        while (!tracer.WaitForExit(lookInterval))
        {
            int? process = FindTraced();
            bool isStopped = process is not null && IsStopped(process.Value);
            if (isStopped && wasStopped) // seen twice, it is no stop of strace's own
            {
                stopCount++;
                if (stopCount == flush)
                {
                    strike();
                    isStruck = true;
                }

                Tool.Try("kill", "-CONT", process!.Value.ToString(CultureInfo.InvariantCulture));
                isStopped = false;
            }

            wasStopped = isStopped;
        }

        return isStruck;
    }

    public ToolResult Finish()
    {
        tracer.WaitForExit();
        ToolResult result = new(tracer.ExitCode, output.GetAwaiter().GetResult(), errors.GetAwaiter().GetResult());
        tracer.Dispose();
        return result;
    }

    private int? FindTraced()
    {
        string id = tracer.Id.ToString(CultureInfo.InvariantCulture);
        string children = ReadOrNothing($"/proc/{id}/task/{id}/children").Trim();
        return int.TryParse(children, CultureInfo.InvariantCulture, out int child) ? child : null;
    }

    private static bool IsStopped(int process)
    {
        string status = ReadOrNothing(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/status"));
        return status.Contains("\nState:\tt", StringComparison.OrdinalIgnoreCase);
    }

    private static string ReadOrNothing(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return ""; // it has just ended
        }
    }
}
