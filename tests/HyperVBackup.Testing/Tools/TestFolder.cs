namespace HyperVBackup.Testing.Tools;

/// <summary>A new, empty folder that is removed with all it holds when disposed.</summary>
public sealed class TestFolder : IDisposable
{
    public TestFolder() => Path = Directory.CreateTempSubdirectory("hvbackup-test-").FullName;

    public string Path { get; }

    /// <summary>The path of a file in this folder, made or not.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>A folder within this one, made if it is not there.</summary>
    public string Folder(string name) => Directory.CreateDirectory(File(name)).FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
