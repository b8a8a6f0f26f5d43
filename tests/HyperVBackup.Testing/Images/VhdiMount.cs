using HyperVBackup.Testing.Tools;

namespace HyperVBackup.Testing.Images;

/// <summary>A VHDX read by libvhdi, which knows 4096-byte sectors: a raw file for as long as it is mounted.</summary>
public sealed class VhdiMount : IDisposable
{
    private readonly string folder;

    /// <exception cref="ToolException">libvhdi refuses the image, or FUSE is not there.</exception>
    public VhdiMount(string vhdxPath)
    {
        folder = Directory.CreateTempSubdirectory("hvbackup-vhdi-").FullName;
        Tool.Run("vhdimount", vhdxPath, folder);
        RawPath = Path.Combine(folder, "vhdi1");
    }

    /// <summary>The disk as a raw file; only to be read.</summary>
    public string RawPath { get; }

    public void Dispose()
    {
        Tool.Run("umount", folder);
        Directory.Delete(folder);
    }
}
