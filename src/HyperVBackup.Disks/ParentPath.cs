namespace HyperVBackup.Disks;

/// <summary>Finds the file of the image that a differencing one builds on.</summary>
internal static class ParentPath
{
    /// <summary>Images in one chain, the child and the base included.</summary>
    public const int ChainDepthMax = 64;

    /// <summary>Where the parent may be, likeliest first: the paths as they stand (backslashes made slashes where the
    /// system has those), then their file names beside the child.</summary>
    /// <param name="childPath">The image that names its parent.</param>
    /// <param name="named">The paths it names, likeliest first; empty ones count for nothing.</param>
    public static IReadOnlyList<string> Candidates(string childPath, IEnumerable<string> named)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(childPath)) ?? string.Empty;
        List<string> paths = [];
        foreach (string path in named)
        {
            if (path.Length > 0 && !path.Contains('\0', StringComparison.Ordinal))
            {
                paths.Add(Path.DirectorySeparatorChar == '/' ? path.Replace('\\', '/') : path);
            }
        }
        return
        [
            .. paths.Select(path => Path.GetFullPath(Path.Combine(folder, path))),
            .. paths.Select(path => Path.Combine(folder, Path.GetFileName(path))),
        ];
    }

    /// <summary>The first of the candidates that is there.</summary>
    /// <param name="candidates">Paths, likeliest first.</param>
    /// <param name="children">Full paths of the images that build on the one looked for, directly or not.</param>
    /// <param name="damage">Makes a refusal of what names the parent.</param>
    /// <exception cref="DiskImageException">None is there, it is one of the children, or the chain is too long.
    /// </exception>
    public static string Find(
        IReadOnlyList<string> candidates, IReadOnlyList<string> children, Func<string, DiskImageException> damage)
    {
        string path = candidates.FirstOrDefault(File.Exists)
            ?? throw damage($"names a parent that is at none of '{string.Join("', '", candidates)}'");
        if (children.Contains(Path.GetFullPath(path)))
        {
            throw damage($"names as its parent '{path}', which builds on this image itself");
        }
        return children.Count < ChainDepthMax
            ? path
            : throw damage($"is the end of a chain of more than {ChainDepthMax} images");
    }
}
