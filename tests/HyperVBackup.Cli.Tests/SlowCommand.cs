using System.Diagnostics;
using Xunit;

namespace HyperVBackup.Cli.Tests;

/// <summary>A command for which every read of one file takes long, so that it can be met in the middle of its work.
/// </summary>
internal static class SlowCommand
{
    private const int PollMilliseconds = 5;

    /// <summary>Starts hvbackup as a traced process: its id and exit code are its own.</summary>
    public static Process Start(
        HvBackup hvbackup, string slowFile, int delayMilliseconds, params string[] arguments) => hvbackup.Start(
        "strace",
        ["-D", "-f", "-qq", "-o", "/dev/null", "-P", slowFile, "-e", "trace=pread64", "-e",
            $"inject=pread64:delay_exit={delayMilliseconds * 1000}", HvBackup.Executable, .. arguments]);

    /// <summary>Waits until a condition holds, while the process runs.</summary>
    public static void WaitUntil(Process process, Func<bool> condition)
    {
        while (!condition())
        {
            if (process.WaitForExit(PollMilliseconds))
            {
                Assert.Fail($"it ended with {process.ExitCode}: {process.StandardError.ReadToEnd()}");
            }
        }
    }

    /// <summary>Whether the process has the file open.</summary>
    public static bool HasOpen(Process process, string path)
    {
        try
        {
            return Directory.GetFiles($"/proc/{process.Id}/fd")
                .Any(file => new FileInfo(file).LinkTarget == path);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Sends a signal: INT, TERM or KILL.</summary>
    public static void Signal(Process process, string signal)
    {
        using Process kill = Process.Start("kill", ["-" + signal, $"{process.Id}"]);
        kill.WaitForExit();
    }
}
