using HyperVBackup.Testing.Tools;

namespace HyperVBackup.Testing.Images;

/// <summary>7-Zip as a reader of disk images of its own, the only one here that follows differencing chains.</summary>
public static class SevenZip
{
    /// <summary>Extracts the disk that a VHDX or VHD holds, and gives the path of the raw image, in a new folder within
    /// <paramref name="folder"/>.</summary>
    /// <param name="imagePath">The newest image of the chain.</param>
    /// <param name="folder">Where the new folder comes.</param>
    /// <param name="type">As 7-Zip names it.</param>
    /// <exception cref="ToolException">7-Zip refuses the image.</exception>
    public static string Extract(string imagePath, TestFolder folder, string type = "VHDX")
    {
        ArgumentNullException.ThrowIfNull(folder);
        string output = folder.Folder(Path.GetFileNameWithoutExtension(imagePath) + ".extracted");
        Tool.Run("7zz", "x", "-y", "-bd", $"-t{type}", $"-o{output}", imagePath);
        return Directory.EnumerateFiles(output).Single();
    }

    /// <summary>Judges that a file system holds some files, byte by byte.</summary>
    /// <param name="rawPath">A raw image of the file system.</param>
    /// <param name="pattern">What to extract of it.</param>
    /// <param name="put">Makes the files that must be there, and gives their paths.</param>
    /// <exception cref="ToolException">One is missing or differs.</exception>
    public static void RequireFiles(string rawPath, string pattern, Func<string, IReadOnlyList<string>> put)
    {
        ArgumentNullException.ThrowIfNull(put);
        using var folder = new TestFolder();
        string extracted = folder.Folder("extracted");
        Tool.Run("7zz", "e", "-y", "-bd", $"-o{extracted}", rawPath, pattern, "-r");
        foreach (string path in put(folder.Folder("expected")))
        {
            string found = Path.Combine(extracted, Path.GetFileName(path));
            if (!File.Exists(found) || !File.ReadAllBytes(found).AsSpan().SequenceEqual(File.ReadAllBytes(path)))
            {
                throw new ToolException($"'{Path.GetFileName(path)}' in '{rawPath}' is missing or differs.");
            }
        }
    }
}
