using System.Collections.Concurrent;

namespace HyperVBackup.Storage.Files;

/// <summary>
/// Flushes folders, and remembers where that failed: a system tells of names that it could not write once, takes them
/// for written, and has nothing to do when it is asked again. So before the next flush of such a folder a name is made
/// in it and taken away, and only a flush of that counts. Thread-safe.
/// </summary>
internal sealed class FolderFlushes(IStoreFiles files)
{
    private static readonly BlobName Name = new("flush");
    private readonly ConcurrentDictionary<string, bool> failed = new(StringComparer.Ordinal);

    /// <summary>One a folder: a flush that began before another one failed does not count for that one.</summary>
    private readonly ConcurrentDictionary<string, Lock> turns = new(StringComparer.Ordinal);

    /// <exception cref="StoreException">The system refused.</exception>
    internal void Flush(string folder)
    {
        lock (turns.GetOrAdd(folder, static _ => new Lock()))
        {
            if (failed.ContainsKey(folder))
            {
                Change(folder);
            }

            try
            {
                files.FlushFolder(folder);
            }
            catch (StoreException)
            {
                failed.TryAdd(folder, true);
                throw;
            }

            failed.TryRemove(folder, out _);
        }
    }

    private void Change(string folder)
    {
        string path = Path.Join(folder, TemporaryName.Of(Name, files.NewSuffix()));
        files.CreateNew(path).Dispose();
        files.Delete(path);
    }
}
