namespace HyperVBackup.Testing.Tools;

/// <summary>A new, empty folder that is removed with all it holds when disposed.</summary>
public sealed class TestFolder : IDisposable
{
    private const string MemoryFolder = "/dev/shm";

    public TestFolder()
        : this(Directory.CreateTempSubdirectory("hvbackup-test-").FullName)
    {
    }

    private TestFolder(string path) => Path = path;

    public string Path { get; }

    /// <summary>A folder in memory where the system has such, for tests that write many files and need none to last.
    /// </summary>
    public static TestFolder InMemory() => Directory.Exists(MemoryFolder)
        ? new(Directory.CreateDirectory(
            System.IO.Path.Join(MemoryFolder, System.IO.Path.GetRandomFileName())).FullName)
        : new();

    /// <summary>The path of a file in this folder, made or not.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>A folder within this one, made if it is not there.</summary>
    public string Folder(string name) => Directory.CreateDirectory(File(name)).FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
