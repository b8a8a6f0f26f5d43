namespace HyperVBackup.Storage.Files;

/// <summary>A blob's open file, shared by its readers. The counts are guarded by <see cref="OpenFiles"/>.</summary>
internal sealed class OpenFile(string path, IStoreFile file, long lengthBytes)
{
    internal string Path => path;

    internal IStoreFile File => file;

    internal long LengthBytes => lengthBytes;

    internal int ReaderCount { get; set; }

    /// <summary>In the cache, so that the last reader leaves it open.</summary>
    internal bool IsKept { get; set; }
}
