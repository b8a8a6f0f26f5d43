namespace HyperVBackup.Hosts;

/// <summary>Takes paths of a host's apart, which may be Windows paths wherever this runs.</summary>
internal static class HostPath
{
    public static string FileName(string path) => path[(path.LastIndexOfAny(['\\', '/']) + 1)..];
}
