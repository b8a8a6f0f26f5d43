namespace HyperVBackup.Storage.Tests;

/// <summary>A new folder of the real file system, removed with all it holds when disposed.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("hvbackup-storage-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
