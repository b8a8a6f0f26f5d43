using HyperVBackup.Testing.Tools;

namespace HyperVBackup.Testing.Images;

/// <summary>A VHDX or VHD read by libvhdi, which knows 4096-byte sectors: a raw file for as long as it is mounted.
/// Where a run of sectors that a child holds does not end at a multiple of eight, its version of 2021 reads zeros up to
/// there.</summary>
public sealed class VhdiMount : IDisposable
{
    private readonly string folder;

    /// <param name="imagePath">The newest image of the chain.</param>
    /// <param name="imageCount">How many images the chain has; libvhdi counts them from the base.</param>
    /// <exception cref="ToolException">libvhdi refuses the image, or FUSE is not there.</exception>
    public VhdiMount(string imagePath, int imageCount = 1)
    {
        folder = Directory.CreateTempSubdirectory("hvbackup-vhdi-").FullName;
        Tool.Run("vhdimount", imagePath, folder);
        RawPath = Path.Combine(folder, $"vhdi{imageCount}");
    }

    /// <summary>The disk as a raw file; only to be read.</summary>
    public string RawPath { get; }

    public void Dispose()
    {
        Tool.Run("umount", folder);
        Directory.Delete(folder);
    }
}
