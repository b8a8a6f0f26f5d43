namespace HyperVBackup.Disks.Vhd;

/// <summary>The footer that speaks for a file.</summary>
/// <param name="Footer">What it says.</param>
/// <param name="AtBytes">Where it was read.</param>
/// <param name="DataEndBytes">Where the file's blocks end at the latest: at the footer, or where the file does if that
/// has lost its own.</param>
internal readonly record struct PlacedFooter(VhdFooter Footer, long AtBytes, long DataEndBytes)
{
    private const string Structure = "footer";

    /// <summary>
    /// Finds the footer at the end of the file, or its copy at the start where that one is damaged or was lost. A fixed
    /// image has no copy: what its file begins with is the guest's.
    /// </summary>
    /// <exception cref="DiskImageException">There is none, or the two speak of different disks, or it speaks of one
    /// that cannot be.</exception>
    public static PlacedFooter Read(VhdFile file)
    {
        VhdFooter? copy = TryRead(file, 0, VhdFooter.SizeBytes) is { Kind: not VhdKind.Fixed } known ? known : null;
        PlacedFooter placed = TryReadLast(file) is { } last
            ? Chosen(file, last, copy)
            : new PlacedFooter(copy ?? throw NoFooter(file), 0, file.LengthBytes);
        placed.Require(file);
        return placed;
    }

    private static PlacedFooter Chosen(VhdFile file, PlacedFooter last, VhdFooter? copy)
    {
        bool isGuests = last.Footer.Kind == VhdKind.Fixed && last.Footer.VirtualSizeBytes == (ulong)last.AtBytes;
        return copy is null || copy == last.Footer || isGuests
            ? last
            : throw file.Damage(Structure, last.AtBytes, "speaks of another disk than its copy at the file's start");
    }

    private static PlacedFooter? TryReadLast(VhdFile file)
    {
        foreach (int sizeBytes in (ReadOnlySpan<int>)[VhdFooter.SizeBytes, VhdFooter.OldSizeBytes])
        {
            long at = file.LengthBytes - sizeBytes;
            if (TryRead(file, at, sizeBytes) is { } footer)
            {
                return new PlacedFooter(footer, at, at);
            }
        }
        return null;
    }

    private static VhdFooter? TryRead(VhdFile file, long offsetBytes, int sizeBytes)
    {
        if (offsetBytes < 0 || offsetBytes > file.LengthBytes - sizeBytes)
        {
            return null;
        }
        Span<byte> bytes = stackalloc byte[VhdFooter.SizeBytes];
        bytes.Clear();
        file.ReadStructure(Structure, offsetBytes, bytes[..sizeBytes]);
        return VhdFooter.TryRead(bytes, out VhdFooter footer) ? footer : null;
    }

    private static DiskImageException NoFooter(VhdFile file) => file.Damage(
        Structure,
        Math.Max(0, file.LengthBytes - VhdFooter.SizeBytes),
        "has a wrong signature or checksum, and so has its copy at the file's start, if it is to have one");

    private void Require(VhdFile file)
    {
        if (Footer.MajorVersion != VhdFooter.SupportedMajorVersion)
        {
            throw file.Damage(Structure, AtBytes, $"has version {Footer.Version:x8}, which is not read");
        }
        if (!Enum.IsDefined(Footer.Kind))
        {
            throw file.Damage(Structure, AtBytes, $"gives the disk type {(int)Footer.Kind}, which is not read");
        }
        if (Footer.VirtualSizeBytes > (ulong)VhdLimits.VirtualSizeBytesMax
            || Footer.VirtualSizeBytes % VhdLimits.SectorSizeBytes != 0)
        {
            throw file.Damage(
                Structure,
                AtBytes,
                $"gives a disk of {Footer.VirtualSizeBytes} bytes: over 2040 GiB, or not in sectors of 512");
        }
        if (Footer.Kind == VhdKind.Fixed && Footer.VirtualSizeBytes > (ulong)AtBytes)
        {
            throw file.Damage(
                Structure,
                AtBytes,
                $"gives a fixed disk of {Footer.VirtualSizeBytes} bytes, more than stand before it");
        }
    }
}
