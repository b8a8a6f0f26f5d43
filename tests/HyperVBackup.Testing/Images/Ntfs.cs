using System.Globalization;
using HyperVBackup.Testing.Tools;

namespace HyperVBackup.Testing.Images;

/// <summary>NTFS, by ntfs-3g's tools. Files lie in the root folder: the tools make no folders.</summary>
public sealed class Ntfs : IFileSystem
{
    /// <summary>Each file is a run of ntfscp, so a large file system gets fewer files than it could hold.</summary>
    private const long FilesBytesMax = 16L * 1024 * 1024;

    public void Create(string rawPath, long sizeBytes, int seed)
    {
        RawImage.Create(rawPath, sizeBytes);
        Tool.Run("mkntfs", "-q", "-F", "-Q", rawPath);
        Put(rawPath, "a", Math.Min(sizeBytes / 4, FilesBytesMax), seed);
    }

    public void Change(string rawPath, int seed)
    {
        long sizeBytes = new FileInfo(rawPath).Length;
        Put(rawPath, string.Create(CultureInfo.InvariantCulture, $"n{seed}-"), sizeBytes / 100, seed);
        using var files = new TestFolder();
        RealFiles.Put(files.Path, "r", 1, seed);
        Tool.Run("ntfscp", "-f", "-q", rawPath, files.File("r0000"), $"a{((uint)seed % 5) + 1:D4}");
    }

    public void RequireSound(string rawPath)
    {
        Tool.Run("ntfsfix", "-n", rawPath);
        Tool.Run("ntfsinfo", "-m", rawPath);
    }

    public void RequireFiles(string rawPath, int seed)
    {
        string prefix = string.Create(CultureInfo.InvariantCulture, $"n{seed}-");
        SevenZip.RequireFiles(
            rawPath,
            prefix + "*",
            folder => RealFiles.Put(folder, prefix, new FileInfo(rawPath).Length / 100, seed));
    }

    private static void Put(string rawPath, string prefix, long totalBytes, int seed)
    {
        using var files = new TestFolder();
        foreach (string path in RealFiles.Put(files.Path, prefix, totalBytes, seed))
        {
            Tool.Run("ntfscp", "-f", "-q", rawPath, path, Path.GetFileName(path));
        }
    }
}
