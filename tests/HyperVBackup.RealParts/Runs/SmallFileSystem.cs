using System.Globalization;
using HyperVBackup.Testing.Tools;

namespace HyperVBackup.RealParts.Runs;

/// <summary>A file system in memory that is soon full.</summary>
internal sealed class SmallFileSystem : IDisposable
{
    /// <exception cref="ToolException">This user may not mount one.</exception>
    public SmallFileSystem(string path, int sizeMiB)
    {
        Path = Directory.CreateDirectory(path).FullName;
        string size = string.Create(CultureInfo.InvariantCulture, $"size={sizeMiB}M");
        Tool.Run("mount", "-t", "tmpfs", "-o", size, "none", Path);
    }

    public string Path { get; }

    public void Dispose() => Tool.Run("umount", "-l", Path);
}
