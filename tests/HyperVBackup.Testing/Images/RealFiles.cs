namespace HyperVBackup.Testing.Images;

/// <summary>Folders of real files: those of this machine, chosen by a seed, and some that do not compress.</summary>
public static class RealFiles
{
    private const int FileBytesMax = 2 * 1024 * 1024;
    private static readonly string[] Sources = ["/usr/share", "/usr/lib/python3", "/usr/bin"];

    private static readonly Lazy<string[]> Found = new(Find);

    /// <summary>Copies files into <paramref name="folder"/>, without folders within it, until they reach
    /// <paramref name="totalBytes"/>. The same seed chooses the same files on the same machine. Names are safe on
    /// every file system, and begin with <paramref name="prefix"/>.</summary>
    public static IReadOnlyList<string> Put(string folder, string prefix, long totalBytes, int seed)
    {
        var random = new Random(seed);
        List<string> made = [];
        for (long done = 0; done < totalBytes;)
        {
            string path = Path.Combine(folder, $"{prefix}{made.Count:D4}");
            if (made.Count % 5 == 4)
            {
                byte[] noise = new byte[random.Next(1, 200_000)];
                random.NextBytes(noise);
                File.WriteAllBytes(path, noise);
            }
            else
            {
                File.WriteAllBytes(path, File.ReadAllBytes(Found.Value[random.Next(Found.Value.Length)]));
            }
            done += new FileInfo(path).Length;
            made.Add(path);
        }
        return made;
    }

    private static string[] Find()
    {
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            AttributesToSkip = FileAttributes.ReparsePoint,
            IgnoreInaccessible = true,
        };
        return
        [
            .. Sources.Where(Directory.Exists)
                .SelectMany(source => new DirectoryInfo(source).EnumerateFiles("*", options))
                .Where(file => file.LinkTarget is null && file.Length is > 0 and <= FileBytesMax)
                .Select(file => file.FullName)
                .Order(StringComparer.Ordinal),
        ];
    }
}
