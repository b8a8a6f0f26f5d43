namespace HyperVBackup.Disks.Vhdx;

/// <summary>Opens an image and the parents it builds on, down to the base.</summary>
internal static class VhdxChain
{
    /// <exception cref="DiskImageException">An image of the chain is missing, damaged, or not its child's parent.
    /// </exception>
    public static VhdxDisk Open(string path) => Open(path, []);

    private static VhdxDisk Open(string path, IReadOnlyList<string> children)
    {
        VhdxImage image = VhdxImage.Open(path);
        try
        {
            if (!image.Parameters.HasParent)
            {
                return new VhdxDisk(image, null);
            }
            ParentLocator locator = ParentLocator.Read(image.File, image.Metadata);
            return new VhdxDisk(image, OpenParent(path, locator, [.. children, Path.GetFullPath(path)]));
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    private static VhdxDisk OpenParent(string childPath, ParentLocator locator, List<string> children)
    {
        IReadOnlyList<string> candidates = locator.Candidates(childPath);
        string path = candidates.FirstOrDefault(File.Exists)
            ?? throw locator.Damage($"names a parent that is at none of '{string.Join("', '", candidates)}'");
        if (children.Contains(Path.GetFullPath(path)))
        {
            throw locator.Damage($"names as its parent '{path}', which builds on this image itself");
        }
        if (children.Count >= VhdxLimits.ChainDepthMax)
        {
            throw locator.Damage($"is the end of a chain of more than {VhdxLimits.ChainDepthMax} images");
        }
        VhdxDisk parent = Open(path, children);
        try
        {
            return locator.Matches(parent.DataWriteGuid)
                ? parent
                : throw locator.Damage(
                    $"names another parent than '{path}' is now: that was changed since, or is not the one");
        }
        catch
        {
            parent.Dispose();
            throw;
        }
    }
}
