namespace HyperVBackup.Disks.Vhd;

/// <summary>Opens an image and the parents it builds on, down to the base.</summary>
internal static class VhdChain
{
    /// <exception cref="DiskImageException">An image of the chain is missing, damaged, or not its child's parent.
    /// </exception>
    public static VhdDisk Open(string path) => Open(path, []);

    private static VhdDisk Open(string path, IReadOnlyList<string> children)
    {
        VhdImage image = VhdImage.Open(path);
        try
        {
            if (image.Blocks is null || !image.HasParent)
            {
                return new VhdDisk(image, null);
            }
            VhdParent parent = VhdParent.Read(image.File, image.Blocks.Header);
            return new VhdDisk(image, OpenParent(path, parent, [.. children, Path.GetFullPath(path)]));
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    private static VhdDisk OpenParent(string childPath, VhdParent named, List<string> children)
    {
        string path = ParentPath.Find(named.Candidates(childPath), children, named.Damage);
        VhdDisk parent = Open(path, children);
        try
        {
            return named.Matches(parent.Id) ? parent : throw named.Damage($"names another parent than '{path}' is");
        }
        catch
        {
            parent.Dispose();
            throw;
        }
    }
}
