namespace HyperVBackup.Hosts;

/// <summary>Takes paths of a host's apart, which may be Windows paths wherever this runs.</summary>
internal static class HostPath
{
    /// <summary>A file in a folder, with the separator that the folder's path has.</summary>
    public static string Join(string folder, string file)
    {
        char separator = folder.Contains('\\', StringComparison.Ordinal) ? '\\' : '/';
        return $"{folder.TrimEnd('\\', '/')}{separator}{file}";
    }

    public static string FileName(string path) => path[(path.LastIndexOfAny(['\\', '/']) + 1)..];
}
