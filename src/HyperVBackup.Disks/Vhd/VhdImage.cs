namespace HyperVBackup.Disks.Vhd;

/// <summary>One VHD file, its structures read and checked; of a differencing chain, one link. Thread-safe.</summary>
internal sealed class VhdImage : IDisposable
{
    private VhdImage(VhdFile file, VhdFooter footer, VhdBlocks? blocks) =>
        (File, Footer, Blocks) = (file, footer, blocks);

    public VhdFile File { get; }

    public VhdFooter Footer { get; }

    /// <summary>Null in a fixed image, whose file holds the disk as it is.</summary>
    public VhdBlocks? Blocks { get; }

    public bool HasParent => Footer.Kind == VhdKind.Differencing;

    /// <exception cref="DiskImageException">The file is missing, damaged, or of a kind not supported.</exception>
    public static VhdImage Open(string path)
    {
        VhdFile file = new(ImageFile.Open(path));
        try
        {
            PlacedFooter placed = PlacedFooter.Read(file);
            VhdBlocks? blocks = placed.Footer.Kind == VhdKind.Fixed ? null : VhdBlocks.Read(file, placed);
            return new VhdImage(file, placed.Footer, blocks);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose() => File.Dispose();
}
