using System.Diagnostics;
using System.Globalization;

namespace HyperVBackup.Benchmarks.Scenarios;

/// <summary>Runs programs and measures them from outside, all in the same way.</summary>
internal static class MeasuredProcess
{
    private const string TimeProgram = "/usr/bin/time";

    /// <param name="folder">To run in; null for the current one.</param>
    /// <exception cref="InvalidOperationException">The program failed; the message has what it said.</exception>
    public static Measurement Run(
        string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment,
        string? folder = null)
    {
        string report = Path.GetTempFileName();
        try
        {
            List<string> all = ["-f", "%U %S %M", "-o", report, program, .. arguments];
            (double seconds, string output) = Wait(TimeProgram, all, environment, folder);
            string[] fields = File.ReadAllText(report).Trim().Split(' ');
            return new Measurement(seconds)
            {
                ProcessorSeconds = Number(fields[0]) + Number(fields[1]),
                PeakMemoryBytes = (long)Number(fields[2]) << 10,
                Output = output,
            };
        }
        finally
        {
            File.Delete(report);
        }
    }

    /// <summary>Runs a program that is not measured.</summary>
    /// <returns>What it printed.</returns>
    /// <exception cref="InvalidOperationException">The program failed; the message has what it said.</exception>
    public static string Do(string program, params string[] arguments) =>
        Wait(program, arguments, new Dictionary<string, string>(), folder: null).Output;

    /// <summary>Brings everything written to the file system of a folder to its disk.</summary>
    /// <returns>How long that took, in seconds.</returns>
    public static double Flush(string folder)
    {
        long start = Stopwatch.GetTimestamp();
        Do("sync", "-f", folder);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static (double Seconds, string Output) Wait(
        string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment,
        string? folder)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        long startTime = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start)
            ?? throw new InvalidOperationException($"{program} did not start.");
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        double seconds = Stopwatch.GetElapsedTime(startTime).TotalSeconds;
        return process.ExitCode == 0
            ? (seconds, output)
            : throw new InvalidOperationException(
                $"{program} {string.Join(' ', arguments)} ended with code {process.ExitCode}: "
                + $"{errors.GetAwaiter().GetResult()}{output}");
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
