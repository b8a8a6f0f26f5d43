using System.Diagnostics;
using System.Text.Json;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Runs;

/// <summary>Runs the built command line as a process of its own, on one repository with one state folder.</summary>
internal sealed class Hvbackup
{
    private readonly string[] program;

    public Hvbackup(string repositoryPath, string statePath)
        : this(repositoryPath, statePath,
            [$"HVBACKUP_STATE={statePath}", $"HVBACKUP_REPOSITORY={repositoryPath}", ProgramUnderTest.Path])
    {
    }

    /// <param name="program">What env(1) is to run, and in which environment.</param>
    public Hvbackup(string repositoryPath, string statePath, string[] program) =>
        (RepositoryPath, StatePath, this.program) = (repositoryPath, statePath, program);

    public string RepositoryPath { get; }

    public string StatePath { get; }

    /// <summary>Runs a command to its end, whatever it says.</summary>
    public ToolResult Try(params IEnumerable<string> arguments) => Tool.Try("env", Environment(arguments));

    /// <summary>Starts a command, whose process has its own id.</summary>
    public Process Start(params IEnumerable<string> arguments) => StartProgram("env", Environment(arguments));

    /// <summary>Starts a command under strace, whose own options come first; its process is strace's child.</summary>
    public Process StartTraced(IEnumerable<string> options, params IEnumerable<string> arguments) =>
        StartProgram("strace", ["-f", "-qq", .. options, "env", .. Environment(arguments)]);

    /// <summary>Runs a command under strace, whose own options come first.</summary>
    public ToolResult TryTraced(IEnumerable<string> options, params IEnumerable<string> arguments) =>
        Tool.Try("strace", ["-f", "-qq", .. options, "env", .. Environment(arguments)]);

    /// <summary>Runs a command that must succeed, and gives its JSON document.</summary>
    public JsonElement Json(params IEnumerable<string> arguments) => DocumentOf(Try([.. arguments, "--json"]));

    /// <summary>The same under strace.</summary>
    public JsonElement JsonTraced(IEnumerable<string> options, params IEnumerable<string> arguments) =>
        DocumentOf(TryTraced(options, [.. arguments, "--json"]));

    /// <summary>Runs a command that must succeed within a peak memory, as GNU time counts it.</summary>
    public void RunWithin(long peakMiB, params IEnumerable<string> arguments)
    {
        string report = Path.Join(StatePath + "-memory");
        ToolResult result = Tool.Try("time", ["-f", "%M", "-o", report, "env", .. Environment(arguments)]);
        Assert.True(result.ExitCode == 0, result.Errors);
        long peakKiB = long.Parse(File.ReadAllText(report), System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(peakKiB, 10_000, peakMiB * 1024);
    }

    private static Process StartProgram(string name, IEnumerable<string> arguments) => Process.Start(
        new ProcessStartInfo(name, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    private static JsonElement DocumentOf(ToolResult result)
    {
        Assert.True(result.ExitCode == 0, $"exit code {result.ExitCode}: {result.Errors}");
        using JsonDocument document = JsonDocument.Parse(result.Output);
        return document.RootElement.Clone();
    }

    private IEnumerable<string> Environment(IEnumerable<string> arguments) => [.. program, .. arguments];
}
