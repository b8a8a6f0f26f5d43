using System.Globalization;
using System.Text;
using HyperVBackup.Testing.Tools;

namespace HyperVBackup.Testing.Images;

/// <summary>ext4, by e2fsprogs.</summary>
public sealed class Ext4 : IFileSystem
{
    public void Create(string rawPath, long sizeBytes, int seed)
    {
        using var files = new TestFolder();
        RealFiles.Put(files.Folder("first"), "a", sizeBytes / 4, seed);
        RealFiles.Put(files.Folder("second"), "b", sizeBytes / 8, seed + 1);
        string kibibytes = string.Create(CultureInfo.InvariantCulture, $"{sizeBytes / 1024}k");
        RawImage.Create(rawPath, sizeBytes);
        Tool.Run("mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-d", files.Path, rawPath, kibibytes);
    }

    public void Change(string rawPath, int seed)
    {
        using var files = new TestFolder();
        long sizeBytes = new FileInfo(rawPath).Length;
        var commands = new StringBuilder();
        string folder = string.Create(CultureInfo.InvariantCulture, $"/new-{seed}");
        commands.Append(CultureInfo.InvariantCulture, $"mkdir {folder}\n");
        foreach (string path in RealFiles.Put(files.Path, "n", sizeBytes / 100, seed))
        {
            commands.Append(CultureInfo.InvariantCulture, $"write {path} {folder}/{Path.GetFileName(path)}\n");
        }
        string replaced = string.Create(CultureInfo.InvariantCulture, $"/first/a{((uint)seed % 7) + 1:D4}");
        commands.Append(CultureInfo.InvariantCulture, $"rm {replaced}\nwrite {files.File("n0000")} {replaced}\n");
        commands.Append(CultureInfo.InvariantCulture, $"rm /second/b{((uint)seed % 5) + 1:D4}\n");
        string script = files.File("commands");
        File.WriteAllText(script, commands.ToString());
        Tool.Run("debugfs", "-w", "-f", script, rawPath);
    }

    public void RequireSound(string rawPath) => Tool.Run("e2fsck", "-f", "-n", rawPath);

    public void RequireFiles(string rawPath, int seed) => SevenZip.RequireFiles(
        rawPath,
        string.Create(CultureInfo.InvariantCulture, $"new-{seed}"),
        folder => RealFiles.Put(folder, "n", new FileInfo(rawPath).Length / 100, seed));
}
