using System.Globalization;
using HyperVBackup.Testing.Tools;

namespace HyperVBackup.Cli.Tests;

/// <summary>A file system of a fixed size, where this user may mount one.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly TestFolder folder = new();

    internal SmallDisk(int sizeBytes)
    {
        string size = string.Create(CultureInfo.InvariantCulture, $"size={sizeBytes}");
        IsMounted = Tool.Try("mount", "-t", "tmpfs", "-o", size, "none", Path).ExitCode == 0;
    }

    internal bool IsMounted { get; }

    internal string Path => folder.Path;

    internal void MakeReadOnly() => Tool.Run("mount", "-o", "remount,ro", Path);

    public void Dispose()
    {
        if (IsMounted)
        {
            Tool.Run("umount", "-l", Path);
        }

        folder.Dispose();
    }
}
