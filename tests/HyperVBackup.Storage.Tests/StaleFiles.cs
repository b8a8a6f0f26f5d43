using HyperVBackup.Storage.Files;

namespace HyperVBackup.Storage.Tests;

/// <summary>Files of a server that knows those no more which were opened before it came back.</summary>
internal sealed class StaleFiles(IStoreFiles files) : IStoreFiles
{
    private int openedCount;

    /// <summary>The first file, in the order of opening from 1, that can be read.</summary>
    public int GoodFrom { get; set; }

    public string NewSuffix() => files.NewSuffix();

    public IStoreFile CreateNew(string path) => files.CreateNew(path);

    public IStoreFile? TryOpenRead(string path) =>
        files.TryOpenRead(path) is { } file ? new StaleFile(this, file, ++openedCount) : null;

    public IStoreFile? TryOpenWrite(string path) => files.TryOpenWrite(path);

    public long? TryGetLength(string path) => files.TryGetLength(path);

    public DateTimeOffset TimeOf(string path) => files.TimeOf(path);

    public bool TryRename(string fromPath, string toPath) => files.TryRename(fromPath, toPath);

    public void Delete(string path) => files.Delete(path);

    public bool FolderExists(string path) => files.FolderExists(path);

    public string? NetworkMountOf(string folder) => files.NetworkMountOf(folder);

    public void MakeFolder(string path) => files.MakeFolder(path);

    public void FlushFolder(string path) => files.FlushFolder(path);

    public IReadOnlyList<StoreEntry> List(string folder) => files.List(folder);

    private sealed class StaleFile(StaleFiles owner, IStoreFile file, int number) : IStoreFile
    {
        public int Read(Span<byte> buffer, long offsetBytes) => number >= owner.GoodFrom
            ? file.Read(buffer, offsetBytes)
            : throw new StoreException("Cannot read: Stale file handle.");

        public void Write(ReadOnlySpan<byte> bytes, long offsetBytes) => file.Write(bytes, offsetBytes);

        public void Flush() => file.Flush();

        public void Dispose() => file.Dispose();
    }
}
