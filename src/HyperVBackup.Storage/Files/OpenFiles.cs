namespace HyperVBackup.Storage.Files;

/// <summary>
/// Keeps the files read last open, so that many small reads from one pack open it once. Thread-safe.
/// <list type="bullet">
/// <item>A file is closed by whoever lets go of it last: its last reader, or the cache.</item>
/// <item>That the file is still there, with its length, is asked anew each time, so a deleted one is never read from
/// here. Small files (leases, marks, fences, most points) are opened anew each time.</item>
/// <item>A file opened before <see cref="Forget"/> is not kept after it (<c>forgetCount</c>).</item>
/// <item>What cannot be read is to be forgotten: a server that came back may know the name, and the file that is open
/// no more.</item>
/// </list>
/// </summary>
internal sealed class OpenFiles(IStoreFiles files, int countMax) : IDisposable
{
    internal const long KeptBytesMin = 64 * 1024;
    private readonly Lock gate = new();
    private readonly Dictionary<string, LinkedListNode<OpenFile>> byPath = new(StringComparer.Ordinal);
    private readonly LinkedList<OpenFile> newestFirst = new();
    private long forgetCount;

    /// <param name="wasOpen">Whether it was opened for an earlier reader.</param>
    /// <returns>The file, to be given back to <see cref="Release"/>; null where there is none.</returns>
    internal OpenFile? TryAcquire(string path, out bool wasOpen)
    {
        wasOpen = false;
        if (files.TryGetLength(path) is not { } lengthBytes)
        {
            Forget(path);
            return null;
        }

        long forgetCountBefore;
        lock (gate)
        {
            if (byPath.TryGetValue(path, out LinkedListNode<OpenFile>? node) && node.Value.LengthBytes == lengthBytes)
            {
                newestFirst.Remove(node);
                newestFirst.AddFirst(node);
                node.Value.ReaderCount++;
                wasOpen = true;
                return node.Value;
            }

            forgetCountBefore = forgetCount;
        }

        return files.TryOpenRead(path) is { } file
            ? Add(new OpenFile(path, file, lengthBytes) { ReaderCount = 1 }, forgetCountBefore)
            : null;
    }

    internal void Release(OpenFile file)
    {
        lock (gate)
        {
            file.ReaderCount--;
            CloseIfUnused(file);
        }
    }

    /// <summary>To be called after a file was deleted, or could not be read.</summary>
    internal void Forget(string path)
    {
        lock (gate)
        {
            forgetCount++;
            Drop(path);
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            forgetCount++;
            while (newestFirst.Last is { } oldest)
            {
                Drop(oldest.Value.Path);
            }
        }
    }

    private OpenFile Add(OpenFile file, long forgetCountBefore)
    {
        if (file.LengthBytes < KeptBytesMin)
        {
            return file;
        }

        lock (gate)
        {
            if (forgetCount != forgetCountBefore)
            {
                return file;
            }

            Drop(file.Path);
            file.IsKept = true;
            byPath.Add(file.Path, newestFirst.AddFirst(file));
            if (byPath.Count > countMax)
            {
                Drop(newestFirst.Last!.Value.Path);
            }

            return file;
        }
    }

    private void Drop(string path)
    {
        if (byPath.Remove(path, out LinkedListNode<OpenFile>? node))
        {
            newestFirst.Remove(node);
            node.Value.IsKept = false;
            CloseIfUnused(node.Value);
        }
    }

    private static void CloseIfUnused(OpenFile file)
    {
        if (file.ReaderCount == 0 && !file.IsKept)
        {
            file.File.Dispose();
        }
    }
}
