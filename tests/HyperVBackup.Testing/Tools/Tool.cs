using System.ComponentModel;
using System.Diagnostics;

namespace HyperVBackup.Testing.Tools;

/// <summary>Runs the programs that make and judge disk images. Thread-safe.</summary>
public static class Tool
{
    private static readonly TimeSpan TimeMax = TimeSpan.FromMinutes(5);

    /// <summary>Debian's packages by the programs they hold; .ci/install-tools installs the same.</summary>
    private static readonly Dictionary<string, string> Packages = new(StringComparer.Ordinal)
    {
        ["qemu-img"] = "qemu-utils",
        ["qemu-io"] = "qemu-utils",
        ["qemu-nbd"] = "qemu-utils",
        ["qemu-storage-daemon"] = "qemu-system-common",
        ["mke2fs"] = "e2fsprogs",
        ["e2fsck"] = "e2fsprogs",
        ["debugfs"] = "e2fsprogs",
        ["mkntfs"] = "ntfs-3g",
        ["ntfscp"] = "ntfs-3g",
        ["ntfscat"] = "ntfs-3g",
        ["ntfsfix"] = "ntfs-3g",
        ["ntfsinfo"] = "ntfs-3g",
        ["sfdisk"] = "fdisk",
        ["7zz"] = "7zip",
        ["vhdiinfo"] = "libvhdi-utils",
        ["vhdimount"] = "libvhdi-utils",
        ["strace"] = "strace",
        ["b3sum"] = "b3sum",
        ["python3"] = "python3",
        ["time"] = "time",
        ["x86_64-w64-mingw32-gcc"] = "gcc-mingw-w64-x86-64-win32",
    };

    /// <summary>Runs a program to its end and gives what it wrote to standard output.</summary>
    /// <exception cref="ToolException">It is missing, failed, or ran for more than five minutes.</exception>
    public static string Run(string name, params IEnumerable<string> arguments) => RunWithInput(name, "", arguments);

    /// <inheritdoc cref="Run"/>
    /// <param name="input">What the program reads from standard input.</param>
    public static string RunWithInput(string name, string input, params IEnumerable<string> arguments)
    {
        List<string> given = [.. arguments];
        ToolResult result = Start(name, given, input);
        return result.ExitCode == 0
            ? result.Output
            : throw new ToolException(
                $"'{name} {string.Join(' ', given)}' ended with {result.ExitCode}: {result.Errors}{result.Output}");
    }

    /// <summary>As <see cref="Run"/>, and leaves the exit code to the caller.</summary>
    /// <exception cref="ToolException">It is missing, or ran for more than five minutes.</exception>
    public static ToolResult Try(string name, params IEnumerable<string> arguments) => Start(name, arguments, "");

    private static ToolResult Start(string name, IEnumerable<string> arguments, string input)
    {
        var start = new ProcessStartInfo(PathOf(name), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C";
        try
        {
            using Process process = Process.Start(start)!;
            return Finish(process, name, input);
        }
        catch (Win32Exception e)
        {
            throw new ToolException($"'{name}' cannot be started: {e.Message}", e);
        }
    }

    private static ToolResult Finish(Process process, string name, string input)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        if (!process.WaitForExit(TimeMax))
        {
            process.Kill(entireProcessTree: true);
            throw new ToolException($"'{name}' did not end within {TimeMax}.");
        }
        return new ToolResult(process.ExitCode, output.GetAwaiter().GetResult(), errors.GetAwaiter().GetResult());
    }

    private static string PathOf(string name)
    {
        string folders = Environment.GetEnvironmentVariable("PATH") + ":/usr/sbin:/sbin";
        string? path = folders.Split(':').Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        return path ?? throw new ToolException(
            $"The program '{name}' is missing; Debian's package {Packages.GetValueOrDefault(name, name)} holds it "
            + "(.ci/install-tools installs all that the tests need).");
    }
}
