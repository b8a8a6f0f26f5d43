namespace HyperVBackup.Benchmarks.Scenarios;

/// <summary>What a repository takes.</summary>
internal static class FolderSize
{
    /// <summary>The lengths of all files in a folder, added up.</summary>
    public static long Of(string folder) =>
        new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
}
