using HyperVBackup.Testing.Tools;

namespace HyperVBackup.Testing.Images;

/// <summary>7-Zip as a reader of disk images of its own, the only one here that follows differencing chains.</summary>
public static class SevenZip
{
    /// <summary>Extracts the disk that a VHDX holds, and gives the path of the raw image, in a new folder within
    /// <paramref name="folder"/>.</summary>
    /// <exception cref="ToolException">7-Zip refuses the image.</exception>
    public static string Extract(string vhdxPath, TestFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        string output = folder.Folder(Path.GetFileNameWithoutExtension(vhdxPath) + ".extracted");
        Tool.Run("7zz", "x", "-y", "-bd", "-tVHDX", $"-o{output}", vhdxPath);
        return Directory.EnumerateFiles(output).Single();
    }
}
