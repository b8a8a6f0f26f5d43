using System.Collections.Concurrent;
using HyperVBackup.Storage.Files;

namespace HyperVBackup.Storage;

/// <summary>
/// A repository in a folder of a local or network file system. Thread-safe; any number of processes may use one
/// folder. Small reads and appends run on the caller's thread; large reads, and all that waits for the disk, on the
/// thread pool, so that a caller may have several under way. Disposing only closes the files kept open for reading.
/// <list type="bullet">
/// <item>A blob is written under a temporary name in the folder <c>.tmp</c> at the root, flushed, and renamed unless
/// the name is taken; then the folder it is in now is flushed. So all the store must lie on one file system.</item>
/// <item>The root is made where the first blob is put and no root was seen before; one that vanished while the store
/// was in use, as its mount may, is never made again: what would be put there nobody would find.</item>
/// <item>A folder that holds anything at all is durable in its parent: nothing is put into an empty one, whoever made
/// it, before its parent was flushed. Only <c>.tmp</c> needs no such care: a power loss may take it.</item>
/// </list>
/// </summary>
public sealed class FolderStore : IBlobStore, IDisposable
{
    private const int OpenFileCountMax = 64;
    private const int LargeReadBytes = 256 * 1024;
    private readonly string root;
    private readonly string temporaryFolder;
    private readonly IStoreFiles files;
    private readonly OpenFiles openFiles;
    private readonly FolderFlushes flushes;
    private readonly ConcurrentDictionary<string, bool> durableFolders = new(StringComparer.Ordinal);
    private volatile bool isRootSeen;

    /// <summary>A repository in the folder <paramref name="root"/>, which the first blob put creates.</summary>
    public FolderStore(string root)
        : this(root, new SystemFiles(root))
    {
    }

    /// <summary>The same over other files than the operating system's.</summary>
    public FolderStore(string root, IStoreFiles files)
    {
        ArgumentException.ThrowIfNullOrEmpty(root);
        this.root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        temporaryFolder = Path.Join(this.root, TemporaryName.Folder);
        this.files = files;
        openFiles = new OpenFiles(files, OpenFileCountMax);
        flushes = new FolderFlushes(files);
    }

    public string Description => root;

    public async Task<IBlobWriter> CreateAsync(BlobName name, CancellationToken token)
    {
        string path = PathOf(name);
        token.ThrowIfCancellationRequested();
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        if (isRootSeen)
        {
            RequireRoot();
        }

        MakeDurable(FolderOf(path));
        isRootSeen = true;
        files.MakeFolder(temporaryFolder);
        string temporaryPath = Path.Join(temporaryFolder, TemporaryName.Of(name, files.NewSuffix()));
        return new FolderBlobWriter(files, flushes, files.CreateNew(temporaryPath), temporaryPath, path);
    }

    public async Task<bool> TryPutAsync(BlobName name, ReadOnlyMemory<byte> content, CancellationToken token)
    {
        await using IBlobWriter writer = await CreateAsync(name, token).ConfigureAwait(false);
        await writer.AppendAsync(content, token).ConfigureAwait(false);
        return await writer.TryPublishAsync(token).ConfigureAwait(false);
    }

    public ValueTask<long?> TryGetLengthAsync(BlobName name, CancellationToken token)
    {
        string path = PathOf(name);
        token.ThrowIfCancellationRequested();
        long? lengthBytes = files.TryGetLength(path);
        if (lengthBytes is null)
        {
            RequireRoot();
        }

        return ValueTask.FromResult(lengthBytes);
    }

    public async ValueTask<int?> TryReadAsync(
        BlobName name, long offsetBytes, Memory<byte> buffer, CancellationToken token)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offsetBytes);
        string path = PathOf(name);
        token.ThrowIfCancellationRequested();
        if (buffer.Length >= LargeReadBytes)
        {
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        }

        bool wasOpen = false;
        try
        {
            return TryRead(path, offsetBytes, buffer.Span, out wasOpen, token);
        }
        catch (StoreException) when (wasOpen)
        {
            return TryRead(path, offsetBytes, buffer.Span, out _, token); // it may be the open file that is bad
        }
    }

    public IAsyncEnumerable<BlobName> ListAsync(string prefix, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        int folderLength = prefix.LastIndexOf('/') + 1;
        string folder = prefix[..folderLength];
        if (!BlobName.IsValid(folder + "x") || !BlobName.IsValid("x" + prefix[folderLength..]))
        {
            throw new ArgumentException($"'{prefix}' begins no blob name.", nameof(prefix));
        }

        return Walk(folder, prefix[folderLength..], token).ToAsyncEnumerable();
    }

    public ValueTask<string?> FindListingDoubtAsync(CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        RequireRoot();
        string? mount = files.NetworkMountOf(root);
        return ValueTask.FromResult(mount is null
            ? null
            : $"'{root}' is a network mount ({mount}), which may show what other hosts put there only after seconds");
    }

    public async Task DeleteAsync(BlobName name, CancellationToken token)
    {
        string path = PathOf(name);
        token.ThrowIfCancellationRequested();
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        files.Delete(path);
        openFiles.Forget(path);
        FlushFolderOf(path); // also where nothing was there: another's delete must be durable before we act on it
    }

    public async Task FlushNamesAsync(BlobName name, CancellationToken token)
    {
        string path = PathOf(name);
        token.ThrowIfCancellationRequested();
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        FlushFolderOf(path);
    }

    public async Task<bool> MendAsync(
        BlobName name, long offsetBytes, ReadOnlyMemory<byte> bytes, CancellationToken token)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offsetBytes);
        string path = PathOf(name);
        token.ThrowIfCancellationRequested();
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using IStoreFile? file = files.TryGetLength(path) is null ? null : files.TryOpenWrite(path);
        if (file is null)
        {
            RequireRoot();
            return false;
        }

        file.Write(bytes.Span, offsetBytes);
        file.Flush();
        return true;
    }

    public async Task DeleteTemporariesAsync(Func<BlobName, bool> isAbandoned, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(isAbandoned);
        token.ThrowIfCancellationRequested();
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        foreach (StoreEntry entry in ListOrRequireRoot(temporaryFolder))
        {
            token.ThrowIfCancellationRequested();
            if (!entry.IsFolder && TemporaryName.TryParse(entry.Name, out BlobName name) && isAbandoned(name))
            {
                files.Delete(Path.Join(temporaryFolder, entry.Name));
            }
        }
    }

    public async Task DeleteTemporariesAsync(
        Func<BlobName, bool> isAbandoned, TimeSpan untouchedFor, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(isAbandoned);
        token.ThrowIfCancellationRequested();
        List<string> paths = [.. ListOrRequireRoot(temporaryFolder)
            .Where(entry => !entry.IsFolder && TemporaryName.TryParse(entry.Name, out BlobName name)
                && isAbandoned(name))
            .Select(entry => Path.Join(temporaryFolder, entry.Name))];
        if (paths.Count == 0)
        {
            return; // so that most ask for no time
        }

        DateTimeOffset now = await ReadTimeAsync(token).ConfigureAwait(false);
        foreach (string path in paths)
        {
            token.ThrowIfCancellationRequested();
            if (files.TryGetLength(path) is not null && now - files.TimeOf(path) >= untouchedFor)
            {
                files.Delete(path);
            }
        }
    }

    public async Task<DateTimeOffset> ReadTimeAsync(CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        RequireRoot();
        files.MakeFolder(temporaryFolder);
        string path = Path.Join(temporaryFolder, TemporaryName.Of(new BlobName("time"), files.NewSuffix()));
        try
        {
            using (IStoreFile file = files.CreateNew(path))
            {
                file.Write("t"u8, 0); // a server stamps a file when it is written to
                file.Flush();
            }

            return files.TimeOf(path);
        }
        finally
        {
            files.Delete(path);
        }
    }

    public void Dispose() => openFiles.Dispose();

    /// <summary>All blobs whose path is <paramref name="folder"/> ('' or ending in '/') and then begins with
    /// <paramref name="start"/>. Temporary files, and others than the store's own, are passed over.</summary>
    private IEnumerable<BlobName> Walk(string folder, string start, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        foreach (StoreEntry entry in ListOrRequireRoot(Path.TrimEndingDirectorySeparator(Under(root, folder))))
        {
            string path = folder + entry.Name;
            if (!entry.Name.StartsWith(start, StringComparison.Ordinal) || !BlobName.IsValid(path))
            {
                continue;
            }

            if (!entry.IsFolder)
            {
                yield return new BlobName(path);
                continue;
            }

            foreach (BlobName found in Walk(path + "/", "", token))
            {
                yield return found;
            }
        }
    }

    private IReadOnlyList<StoreEntry> ListOrRequireRoot(string folder)
    {
        IReadOnlyList<StoreEntry> entries = files.List(folder);
        if (entries.Count == 0)
        {
            RequireRoot();
        }

        return entries;
    }

    private int? TryRead(string path, long offsetBytes, Span<byte> buffer, out bool wasOpen, CancellationToken token)
    {
        OpenFile? file = openFiles.TryAcquire(path, out wasOpen);
        if (file is null)
        {
            RequireRoot();
            return null;
        }

        isRootSeen = true;
        try
        {
            return ReadFully(file.File, offsetBytes, buffer, token);
        }
        catch (StoreException)
        {
            openFiles.Forget(path);
            throw;
        }
        finally
        {
            openFiles.Release(file);
        }
    }

    private static int ReadFully(IStoreFile file, long offsetBytes, Span<byte> buffer, CancellationToken token)
    {
        int total = 0;
        while (total < buffer.Length)
        {
            token.ThrowIfCancellationRequested();
            int count = file.Read(buffer[total..], offsetBytes + total);
            if (count == 0)
            {
                break;
            }

            total += count;
        }

        return total;
    }

    private void MakeDurable(string folder)
    {
        if (durableFolders.ContainsKey(folder) || Path.GetDirectoryName(folder) is not { } parent)
        {
            return;
        }

        if (!files.FolderExists(folder))
        {
            MakeDurable(parent);
            files.MakeFolder(folder);
        }

        if (files.List(folder).Count == 0)
        {
            flushes.Flush(parent);
        }

        durableFolders.TryAdd(folder, true);
    }

    private void FlushFolderOf(string path)
    {
        string folder = FolderOf(path);
        if (files.FolderExists(folder))
        {
            flushes.Flush(folder);
            return;
        }

        RequireRoot();
    }

    private void RequireRoot()
    {
        if (!files.FolderExists(root))
        {
            throw new StoreException($"The repository folder '{root}' does not exist; check the path and its mount.");
        }

        isRootSeen = true;
    }

    private string PathOf(BlobName name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name.Path, nameof(name));
        return Under(root, name.Path);
    }

    /// <summary>Windows takes '/' for its own separator, but not in paths that begin with <c>\\?\</c>.</summary>
    private static string Under(string root, string path) =>
        Path.Join(root, path.Replace('/', Path.DirectorySeparatorChar));

    private static string FolderOf(string path) => Path.GetDirectoryName(path)!;
}
