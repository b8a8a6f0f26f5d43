using System.ComponentModel;
using System.Diagnostics;
using Xunit;

namespace HyperVBackup.Disks.Tests;

/// <summary>Programs of others that judge what we read and write.</summary>
internal static class Tool
{
    public static string QemuImage(params string[] arguments) => Succeed("qemu-img", "qemu-utils", arguments);

    public static string QemuIo(params string[] arguments) => Succeed("qemu-io", "qemu-utils", arguments);

    public static string SevenZip(params string[] arguments) => Succeed("7zz", "7zip", arguments);

    public static string VhdiFacts(params string[] arguments) => Succeed("vhdiinfo", "libvhdi-utils", arguments);

    /// <summary>Runs a program that may fail.</summary>
    public static (int ExitCode, string Output) Run(string program, string debianPackage, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        try
        {
            using Process process = Process.Start(start)!;
            process.StandardInput.Close();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output + errors.GetAwaiter().GetResult());
        }
        catch (Win32Exception)
        {
            Assert.Fail($"'{program}' is missing: install the Debian package {debianPackage}.");
            throw;
        }
    }

    private static string Succeed(string program, string debianPackage, string[] arguments)
    {
        (int exitCode, string output) = Run(program, debianPackage, arguments);
        Assert.True(exitCode == 0, $"{program} {string.Join(' ', arguments)}: exit code {exitCode}: {output}");
        return output;
    }
}
