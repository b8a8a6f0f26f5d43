using HyperVBackup.Disks.Raw;
using HyperVBackup.Disks.Vhdx;

namespace HyperVBackup.Disks;

/// <summary>Opens disk images of every kind that can be read.</summary>
public static class DiskImage
{
    private const int VhdFooterSizeBytes = 512;

    private static ReadOnlySpan<byte> VhdSignature => "conectix"u8;

    /// <summary>
    /// Opens a VHDX (with its parents, if it is a differencing one) or a raw image, by what the file holds. A raw image
    /// whose first bytes a guest may have written should be opened with <see cref="RawDisk.Open"/> instead.
    /// </summary>
    /// <exception cref="DiskImageException">The image is missing, damaged or of a kind not supported.</exception>
    public static IDisk Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (path.EndsWith(".vhds", StringComparison.OrdinalIgnoreCase))
        {
            throw new DiskImageException($"'{path}' is a VHD Set, which is not read yet; give the disk file it names.");
        }
        return IsVhdx(path) ? VhdxDisk.Open(path) : RawDisk.Open(path);
    }

    /// <summary>How a disk is called unless a person names it: the file name of the image, of a differencing one that
    /// of the base it builds on, without extension.</summary>
    /// <exception cref="DiskImageException">The image is missing, damaged or of a kind not supported.</exception>
    public static string NameOf(string path)
    {
        using IDisk disk = Open(path);
        return Path.GetFileNameWithoutExtension(disk is VhdxDisk vhdx ? vhdx.BasePath : path);
    }

    private static bool IsVhdx(string path)
    {
        using ImageFile file = ImageFile.Open(path);
        if (StartsWith(file, 0, VhdxDisk.Signature))
        {
            return true;
        }
        // A fixed VHD has its footer only at the end, where old writers left out the last byte.
        if (StartsWith(file, 0, VhdSignature)
            || StartsWith(file, file.LengthBytes - VhdFooterSizeBytes, VhdSignature)
            || StartsWith(file, file.LengthBytes - VhdFooterSizeBytes + 1, VhdSignature))
        {
            throw new DiskImageException($"'{path}' is a VHD image, which is not read yet; convert it to VHDX.");
        }
        return false;
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
