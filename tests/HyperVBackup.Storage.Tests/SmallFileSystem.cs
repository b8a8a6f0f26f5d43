using System.Diagnostics;
using System.Globalization;

namespace HyperVBackup.Storage.Tests;

/// <summary>A file system in memory of a fixed size, where this user may mount one.</summary>
internal sealed class SmallFileSystem : IDisposable
{
    private readonly TemporaryFolder folder = new();

    /// <param name="subfolder">Where in <see cref="Folder"/> it is mounted; "" for all of it.</param>
    internal SmallFileSystem(int sizeBytes, string subfolder = "")
    {
        Path = Directory.CreateDirectory(System.IO.Path.Join(Folder, subfolder)).FullName;
        string size = string.Create(CultureInfo.InvariantCulture, $"size={sizeBytes}");
        IsMounted = OperatingSystem.IsLinux() && Run("mount", "-t", "tmpfs", "-o", size, "none", Path);
    }

    internal bool IsMounted { get; }

    internal string Folder => folder.Path;

    internal string Path { get; }

    public void Dispose()
    {
        if (IsMounted)
        {
            Run("umount", "-l", Path);
        }

        folder.Dispose();
    }

    private static bool Run(string executable, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(executable, arguments)
        {
            RedirectStandardError = true,
        })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
