using System.Text;

namespace HyperVBackup.Disks.Vhd;

/// <summary>Says which image a differencing one builds on, and where it was last seen.</summary>
internal sealed class VhdParent
{
    private const string Structure = "parent locator";

    private readonly VhdHeader header;
    private readonly List<string> paths = [];

    private VhdParent(VhdHeader header) => this.header = header;

    /// <exception cref="DiskImageException">A locator points outside the file, or holds no path.</exception>
    public static VhdParent Read(VhdFile file, VhdHeader header)
    {
        VhdParent parent = new(header);
        foreach (uint platform in (ReadOnlySpan<uint>)[VhdLocator.RelativePath, VhdLocator.AbsolutePath])
        {
            foreach (VhdLocator locator in header.Locators.Where(locator => locator.Platform == platform))
            {
                parent.paths.Add(PathAt(file, header, locator));
            }
        }
        parent.paths.Add(header.ParentName);
        return parent;
    }

    /// <summary>Whether an image with this id is the parent. Unlike that of a VHDX, the id stays the same when the
    /// parent's data changes.</summary>
    public bool Matches(Guid id) => header.ParentId == id;

    /// <inheritdoc cref="ParentPath.Candidates"/>
    public IReadOnlyList<string> Candidates(string childPath) => ParentPath.Candidates(childPath, paths);

    public DiskImageException Damage(string what) => header.Damage(what);

    private static string PathAt(VhdFile file, VhdHeader header, VhdLocator locator)
    {
        if (locator.LengthBytes > VhdLimits.LocatorLengthBytesMax || locator.LengthBytes % 2 != 0
            || locator.OffsetBytes > (ulong)file.LengthBytes
            || locator.LengthBytes > file.LengthBytes - (long)locator.OffsetBytes)
        {
            throw header.Damage(
                "places a path to the parent where none can be "
                + $"({locator.LengthBytes} bytes at {locator.OffsetBytes})");
        }
        byte[] bytes = file.ReadStructure(Structure, (long)locator.OffsetBytes, (int)locator.LengthBytes);
        return Encoding.Unicode.GetString(bytes).Split('\0')[0];
    }
}
