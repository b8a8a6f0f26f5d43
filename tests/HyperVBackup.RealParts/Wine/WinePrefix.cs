using System.Diagnostics;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Wine;

/// <summary>The Windows that .ci/make-wine makes, and the programs for it that are published beside. All of this
/// machine's files are on its drive Z. Thread-safe.</summary>
internal static class WinePrefix
{
    public const string Wine64 = "/usr/lib/wine/wine64";

    /// <summary>The runtime maps its code twice, to write and to run it. On Wine 8 it then ends with an error of its
    /// own when it takes methods away again that were made at run time.</summary>
    private const string NoDoubleMapping = "DOTNET_EnableWriteXorExecute=0";

    /// <summary>Of this repository's clone.</summary>
    public static string ArtifactsPath { get; } = FindArtifacts();

    public static string Path { get; } = System.IO.Path.Join(ArtifactsPath, "wine");

    /// <summary>What every program of Wine's is run with: NAME=VALUE.</summary>
    public static string[] Environment => [$"WINEPREFIX={Path}", "WINEDEBUG=-all", "LC_ALL=C.UTF-8", NoDoubleMapping];

    /// <summary>The command line, published for Windows.</summary>
    public static string HvbackupPath { get; } = Published("hvbackup-windows", "hvbackup.exe");

    /// <summary>A program for what the command line does not do, published for Windows.</summary>
    public static string WindowsProcessPath { get; } =
        Published("tests-windows", "HyperVBackup.Testing.WindowsProcess.exe");

    /// <summary>A path of this machine as Windows names it.</summary>
    public static string Named(string path) => "Z:" + path.Replace('/', '\\');

    /// <summary>The command line on Windows, on a repository and a state folder in this machine's folders.</summary>
    public static Hvbackup NewHvbackup(string repositoryPath, string statePath) =>
        HvbackupOn(repositoryPath, statePath, Named(repositoryPath));

    /// <summary>The same with a repository that Windows is told by another name.</summary>
    public static Hvbackup HvbackupOn(string repositoryPath, string statePath, string repositoryName) =>
        new(repositoryPath, statePath, Command(
            [$"HVBACKUP_STATE={Named(statePath)}", $"HVBACKUP_REPOSITORY={repositoryName}"], HvbackupPath));

    /// <summary>Runs a program for Windows to its end.</summary>
    public static ToolResult Try(string program, params IEnumerable<string> arguments) =>
        Tool.Try("env", [.. Command([], program), .. arguments]);

    /// <summary>Starts a program for Windows.</summary>
    public static Process Start(string program, params IEnumerable<string> arguments) => Process.Start(
        new ProcessStartInfo("env", [.. Command([], program), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    /// <summary>What env(1) runs a program for Windows by.</summary>
    /// <param name="environment">NAME=VALUE.</param>
    public static string[] Command(IEnumerable<string> environment, string program)
    {
        Assert.SkipUnless(File.Exists(program), $"'{program}' is missing: './build.sh test' publishes it");
        Assert.True(File.Exists(System.IO.Path.Join(Path, "made")), $"'{Path}' is missing: .ci/make-wine makes it.");
        WineSession.Begin();
        return [.. Environment, .. environment, Wine64, program];
    }

    /// <summary>Makes a program or library for Windows of a source beside this one.</summary>
    public static string Compile(TestFolder folder, string source, string name, params IEnumerable<string> options)
    {
        string path = folder.File(name);
        string sourcePath = System.IO.Path.Join(
            ArtifactsPath, "..", "tests", "HyperVBackup.RealParts", "Wine", source);
        Tool.Run("x86_64-w64-mingw32-gcc", ["-Wall", "-Werror", "-O1", "-o", path, sourcePath, .. options]);
        return path;
    }

    /// <summary>Makes a library that programs find among Windows' own.</summary>
    /// <returns>True.</returns>
    public static bool PutIntoSystem(string source, string name)
    {
        using TestFolder folder = new();
        string compiled = Compile(folder, source, name, "-shared");
        File.Copy(compiled, System.IO.Path.Join(Path, "drive_c", "windows", "system32", name), overwrite: true);
        return true;
    }

    private static string Published(string folder, string name) =>
        System.IO.Path.Join(ArtifactsPath, folder, name);

    private static string FindArtifacts()
    {
        string? at = AppContext.BaseDirectory;
        while (at is not null && !File.Exists(System.IO.Path.Join(at, "HyperVBackup.sln")))
        {
            at = System.IO.Path.GetDirectoryName(at);
        }

        return System.IO.Path.Join(at, "artifacts");
    }
}
