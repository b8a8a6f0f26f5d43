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
        string path = ParentPath.Find(locator.Candidates(childPath), children, locator.Damage);
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
