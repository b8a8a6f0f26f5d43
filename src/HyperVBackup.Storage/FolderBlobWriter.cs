using HyperVBackup.Storage.Files;

namespace HyperVBackup.Storage;

/// <summary>A blob of a <see cref="FolderStore"/> under its temporary name. After any error it can only be
/// disposed.</summary>
internal sealed class FolderBlobWriter(
    IStoreFiles files, FolderFlushes flushes, IStoreFile file, string temporaryPath, string path) : IBlobWriter
{
    private bool isOpen = true;
    private bool hasTemporary = true;

    public long LengthBytes { get; private set; }

    public ValueTask AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        RequireOpen();
        isOpen = false;
        file.Write(bytes.Span, LengthBytes);
        LengthBytes += bytes.Length;
        isOpen = true;
        return ValueTask.CompletedTask;
    }

    public async Task<bool> TryPublishAsync(CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        RequireOpen();
        isOpen = false;
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        file.Flush();
        file.Dispose();
        token.ThrowIfCancellationRequested();
        bool isPublished = TryRename();
        hasTemporary = !isPublished;

        // Also where the name was taken: whoever acts on the other blob must find it again after a power loss,
        // and its own writer may not have got as far as this.
        flushes.Flush(Path.GetDirectoryName(path)!);
        DeleteTemporary();
        return isPublished;
    }

    /// <summary>Once the name is taken, anybody may have removed this file that can no longer get it.</summary>
    private bool TryRename()
    {
        try
        {
            return files.TryRename(temporaryPath, path);
        }
        catch (StoreException) when (files.TryGetLength(temporaryPath) is null && files.TryGetLength(path) is not null)
        {
            return false;
        }
    }

    public ValueTask DisposeAsync()
    {
        isOpen = false;
        file.Dispose();
        DeleteTemporary();
        return ValueTask.CompletedTask;
    }

    private void RequireOpen()
    {
        if (!isOpen)
        {
            throw new InvalidOperationException($"'{path}' is published, failed or closed: it takes no more.");
        }
    }

    private void DeleteTemporary()
    {
        if (!hasTemporary)
        {
            return;
        }

        hasTemporary = false;
        try
        {
            files.Delete(temporaryPath);
        }
        catch (StoreException)
        {
            return; // What was to be said is said already; the file is found by DeleteTemporariesAsync.
        }
    }
}
