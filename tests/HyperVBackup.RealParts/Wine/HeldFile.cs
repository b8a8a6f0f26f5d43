using System.Diagnostics;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Wine;

/// <summary>A file that another program on Windows has open, until this is disposed.</summary>
internal sealed class HeldFile : IDisposable
{
    private readonly Process process;

    private HeldFile(TestFolder folder, string path, string share)
    {
        string program = WinePrefix.Compile(folder, "hold.c", "hold.exe", "-municode");
        process = WinePrefix.Start(program, WinePrefix.Named(path), share);
        Assert.Equal("held", process.StandardOutput.ReadLine());
    }

    /// <summary>Nobody else may open it.</summary>
    public static HeldFile Alone(TestFolder folder, string path) => new(folder, path, "alone");

    /// <summary>Others may read it, and nothing else.</summary>
    public static HeldFile ForReading(TestFolder folder, string path) => new(folder, path, "read");

    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }
}
