using HyperVBackup.Disks.Raw;
using HyperVBackup.Disks.Vhd;
using HyperVBackup.Disks.Vhdx;

namespace HyperVBackup.Disks;

/// <summary>Opens disk images of every kind that can be read.</summary>
public static class DiskImage
{
    private static readonly string[] VhdExtensions = [".vhd", ".avhd"];
    private static readonly string[] VhdxExtensions = [".vhdx", ".avhdx"];

    /// <summary>
    /// Opens a VHDX or VHD (with its parents, if it is a differencing one) or a raw image, by what the file holds. A
    /// file named as a VHDX or VHD that is none is refused: it is damaged, its bytes are not the disk's. A block device
    /// is raw whatever it holds. A raw image whose first or last bytes a guest may have written should be opened with
    /// <see cref="RawDisk.Open"/> instead.
    /// </summary>
    /// <exception cref="DiskImageException">The image is missing, damaged or of a kind not supported.</exception>
    public static IDisk Open(string path)
    {
        RequireNoSet(path);
        using ImageFile file = ImageFile.Open(path);
        if (file.IsBlockDevice)
        {
            return RawDisk.Open(path);
        }
        if (TryOpen(file) is { } image)
        {
            return image;
        }
        RequireNotNamed(path, VhdxExtensions, "a VHDX");
        RequireNotNamed(path, VhdExtensions, "a VHD");
        return RawDisk.Open(path);
    }

    /// <summary>Opens a VHDX or VHD, wherever it is stored; never reads anything as raw.</summary>
    /// <exception cref="DiskImageException">The image is neither, missing or damaged.</exception>
    public static IDisk OpenFormatted(string path)
    {
        RequireNoSet(path);
        using ImageFile file = ImageFile.Open(path);
        return TryOpen(file) ?? throw new DiskImageException($"'{path}' is neither a VHDX nor a VHD.");
    }

    /// <summary>Whether a file's name says that it is a VHDX or VHD: no guest can write that.</summary>
    public static bool IsNamedFormatted(string path) =>
        VhdxExtensions.Concat(VhdExtensions).Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>How a disk is called unless a person names it: the file name of the image, of a differencing one that
    /// of the base it builds on, without extension.</summary>
    /// <exception cref="DiskImageException">The image is missing, damaged or of a kind not supported.</exception>
    public static string NameOf(string path)
    {
        using IDisk disk = Open(path);
        return Path.GetFileNameWithoutExtension(disk is IImageChain chain ? chain.BasePath : path);
    }

    private static IDisk? TryOpen(ImageFile file)
    {
        if (StartsWith(file, 0, VhdxDisk.Signature))
        {
            return VhdxDisk.Open(file.Path);
        }
        return IsVhd(file) ? VhdDisk.Open(file.Path) : null;
    }

    /// <summary>A fixed VHD has its footer only at the end, where old writers left out the last byte.</summary>
    private static bool IsVhd(ImageFile file) =>
        StartsWith(file, 0, VhdDisk.Signature)
        || StartsWith(file, file.LengthBytes - VhdFooter.SizeBytes, VhdDisk.Signature)
        || StartsWith(file, file.LengthBytes - VhdFooter.OldSizeBytes, VhdDisk.Signature);

    private static void RequireNoSet(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (path.EndsWith(".vhds", StringComparison.OrdinalIgnoreCase))
        {
            throw new DiskImageException($"'{path}' is a VHD Set, which is not read yet; give the disk file it names.");
        }
    }

    private static void RequireNotNamed(string path, string[] extensions, string kind)
    {
        if (extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase))
        {
            throw new DiskImageException(
                $"'{path}' is named as {kind} and is none, perhaps damaged or cut off; give a raw image another name.");
        }
    }

    private static bool StartsWith(ImageFile file, long offsetBytes, ReadOnlySpan<byte> signature)
    {
        if (offsetBytes < 0 || offsetBytes > file.LengthBytes - signature.Length)
        {
            return false;
        }
        Span<byte> start = stackalloc byte[signature.Length];
        file.Read("signature", offsetBytes, start);
        return start.SequenceEqual(signature);
    }
}
