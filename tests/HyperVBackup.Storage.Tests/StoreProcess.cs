using System.Diagnostics;

namespace HyperVBackup.Storage.Tests;

/// <summary>Runs the store in a process of its own, under strace where system calls are to fail.</summary>
internal static class StoreProcess
{
    internal static bool HasStrace => File.Exists("/usr/bin/strace");

    private static string Executable => Path.Join(AppContext.BaseDirectory, "HyperVBackup.Testing.StoreProcess");

    internal static Process Start(params string[] arguments) => Start(Executable, arguments);

    internal static async Task<ProcessResult> RunAsync(params string[] arguments) =>
        await FinishAsync(Start(Executable, arguments));

    /// <param name="strace">Options of strace: what to inject, and where.</param>
    internal static async Task<ProcessResult> RunTracedAsync(string[] strace, params string[] arguments) =>
        await FinishAsync(Start(
            "/usr/bin/strace", ["-f", "-qq", "-o", "/dev/null", .. strace, Executable, .. arguments]));

    private static Process Start(string executable, string[] arguments) => Process.Start(
        new ProcessStartInfo(executable, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    private static async Task<ProcessResult> FinishAsync(Process process)
    {
        using (process)
        {
            process.StandardInput.Close();
            Task<string> error = process.StandardError.ReadToEndAsync();
            string output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            return new ProcessResult(process.ExitCode, output.Trim(), (await error).Trim());
        }
    }
}
