using HyperVBackup.Architecture.Sources;

namespace HyperVBackup.Architecture;

/// <summary>This repository's own files, as they lie around the running test.</summary>
internal static class House
{
    private static readonly string[] OutputFolders =
        ["bin", "obj", "artifacts", "TestResults", "BenchmarkDotNet.Artifacts"];

    private static readonly Lazy<IReadOnlyList<SourceFile>> Everything = new(ReadSources);

    internal static string Root { get; } = FindRoot();

    /// <summary>From the root, with '/': all but what builds and tools make.</summary>
    internal static IReadOnlyList<string> FilePaths { get; } = [.. Walk(Root).Order(StringComparer.Ordinal)];

    internal static IReadOnlyList<SourceFile> AllSources => Everything.Value;

    /// <summary>What the product is built from.</summary>
    internal static IEnumerable<SourceFile> ProductSources => AllSources.Where(file => file.IsIn("src/"));

    /// <summary>The project files under src/.</summary>
    internal static IEnumerable<string> ProductProjects => FilePaths.Where(path =>
        path.StartsWith("src/", StringComparison.Ordinal) && path.EndsWith(".csproj", StringComparison.Ordinal));

    internal static string Read(string path) =>
        File.ReadAllText(Path.Join(Root, path)).Replace("\r\n", "\n", StringComparison.Ordinal);

    private static IReadOnlyList<SourceFile> ReadSources() =>
        [.. FilePaths.Where(path => path.EndsWith(".cs", StringComparison.Ordinal))
            .Select(path => new SourceFile(path, Read(path)))];

    private static IEnumerable<string> Walk(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder).Where(path => Path.GetFileName(path) != ".git"))
        {
            yield return Path.GetRelativePath(Root, file).Replace('\\', '/');
        }

        foreach (string inner in Directory.EnumerateDirectories(folder))
        {
            string name = Path.GetFileName(inner);
            bool isOurs = !OutputFolders.Contains(name) && (name[0] != '.' || name == ".ci");
            foreach (string file in isOurs ? Walk(inner) : [])
            {
                yield return file;
            }
        }
    }

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Join(folder, "HyperVBackup.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException("The tests must run inside the repository's folder.");
    }
}
