using System.Diagnostics;
using HyperVBackup.Testing.Tools;

namespace HyperVBackup.RealParts.Wine;

/// <summary>A program for Windows that waits as long as the tests run, so that Wine starts its services once. Without
/// it Wine ends them with each program and starts them with the next one; where one of them dies or waits for another
/// while they start, which was seen on busy machines, that program and all later ones wait for minutes. Thread-safe.
/// </summary>
internal static class WineSession
{
    private const int AttemptsMax = 3;

    /// <summary>An idle machine takes a second.</summary>
    private static readonly TimeSpan StartMax = TimeSpan.FromSeconds(60);

    private static readonly Lazy<Process> Session = new(Start);

    /// <summary>Returns when Wine's services run. They end with this process, however it ends.</summary>
    /// <exception cref="ToolException">They did not start, also not after they were ended and started again.
    /// </exception>
    public static void Begin() => _ = Session.Value;

    private static Process Start()
    {
        for (int attempt = 1; attempt <= AttemptsMax; attempt++)
        {
            if (TryStart() is { } session)
            {
                return session;
            }

            Tool.Try("env", [.. WinePrefix.Environment, "/usr/lib/wine/wineserver64", "--kill"]);
        }

        throw new ToolException($"Wine's services did not start within {StartMax}, {AttemptsMax} times.");
    }

    /// <returns>Null if nothing was said in time.</returns>
    private static Process? TryStart()
    {
        Process session = Process.Start(new ProcessStartInfo("env", [
            .. WinePrefix.Environment, WinePrefix.Wine64, "cmd.exe", "/c", "echo started& set /p line="])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        session.ErrorDataReceived += (_, _) => { };
        session.BeginErrorReadLine();
        Task<string?> said = session.StandardOutput.ReadLineAsync();
        if (said.Wait(StartMax) && said.Result == "started")
        {
            return session;
        }

        session.Kill(entireProcessTree: true);
        session.Dispose();
        return null;
    }
}
