namespace HyperVBackup.Storage;

/// <summary>
/// Where a repository's files go, whole and once. Names are relative paths of lower-case letters, digits, '-', '.'
/// and '/' (see <see cref="BlobName"/>). All members are thread-safe. What the protocol of writers and collectors
/// needs and every implementation gives: put-if-absent decides one winner; a listing shows every name put before it
/// began; a published blob is whole, durable and never changes, but for <see cref="MendAsync"/>.
/// </summary>
public interface IBlobStore
{
    /// <summary>For messages: the folder or URL.</summary>
    string Description { get; }

    /// <summary>Begins a blob that appears under <paramref name="name"/> only when it is published.</summary>
    /// <exception cref="StoreException">The store cannot be written.</exception>
    Task<IBlobWriter> CreateAsync(BlobName name, CancellationToken token);

    /// <summary>Puts a small blob, durable, unless the name is taken. Sent once, never retried here.</summary>
    /// <returns>False where the name was taken; nothing is changed then.</returns>
    /// <exception cref="StoreException">The store cannot be written; whether the blob is there is
    /// not known.</exception>
    Task<bool> TryPutAsync(BlobName name, ReadOnlyMemory<byte> content, CancellationToken token);

    /// <returns>The length in bytes, or null where there is no such blob.</returns>
    /// <exception cref="StoreException">The store is missing or cannot be read.</exception>
    ValueTask<long?> TryGetLengthAsync(BlobName name, CancellationToken token);

    /// <summary>Reads from <paramref name="offsetBytes"/> until the buffer is full or the blob ends.</summary>
    /// <returns>The count of bytes read, less than asked only at the blob's end; null where there is no
    /// such blob.</returns>
    /// <exception cref="StoreException">The store is missing or cannot be read.</exception>
    ValueTask<int?> TryReadAsync(BlobName name, long offsetBytes, Memory<byte> buffer, CancellationToken token);

    /// <summary>All names that begin with <paramref name="prefix"/> ('' for all; a folder path ending in '/'; or a
    /// folder path and the beginning of names within it), in no order; a missing folder is empty. Temporary files are
    /// not listed.</summary>
    /// <exception cref="ArgumentException">No blob name begins like that.</exception>
    /// <exception cref="StoreException">The store is missing or cannot be read; thrown while listing.</exception>
    IAsyncEnumerable<BlobName> ListAsync(string prefix, CancellationToken token);

    /// <summary>Whether listings keep the promise above among hosts. Whoever deletes what others may rely on must know:
    /// they are told of it by listings.</summary>
    /// <returns>In words for people, why a name put on another host may show late; null where it never does.</returns>
    /// <exception cref="StoreException">The store is missing or cannot be read.</exception>
    ValueTask<string?> FindListingDoubtAsync(CancellationToken token);

    /// <summary>Makes the names beside <paramref name="name"/> that show now, and itself where it is there, survive a
    /// power loss, also those whose writer was killed just before it could. Who relies on what others put asks for it
    /// first.</summary>
    /// <exception cref="StoreException">The store is missing, or refuses.</exception>
    Task FlushNamesAsync(BlobName name, CancellationToken token);

    /// <summary>Deletes durably; a missing blob is no error.</summary>
    /// <exception cref="StoreException">The store is missing or cannot be written.</exception>
    Task DeleteAsync(BlobName name, CancellationToken token);

    /// <summary>Writes into a blob that is there the bytes that it had when it was published, over those that rotted
    /// since, and flushes. The one call that changes a published blob, for whoever has proven these bytes. It never
    /// brings a blob into being: one that is deleted meanwhile stays deleted. Bytes may end behind a blob's end, which
    /// lengthens one that was cut off; what lies between is zeros then. Sent again, it does the same. Not atomic: after
    /// a crash, readers may find any mixture of old and new bytes.</summary>
    /// <returns>False where there is no such blob.</returns>
    /// <exception cref="StoreException">The store is missing or cannot be written, or the flush failed: what was
    /// written may be lost.</exception>
    Task<bool> MendAsync(BlobName name, long offsetBytes, ReadOnlyMemory<byte> bytes, CancellationToken token);

    /// <summary>Removes temporary files left behind by writers that never published: those whose name
    /// <paramref name="isAbandoned"/> accepts. A writer whose file is removed under its hands fails to
    /// publish. Costs one listing of the temporary files, however many blobs there are.</summary>
    /// <exception cref="StoreException">The store is missing or cannot be written.</exception>
    Task DeleteTemporariesAsync(Func<BlobName, bool> isAbandoned, CancellationToken token);

    /// <summary>The same of those only that have not been written to for a time, by the store's own clock: no matter
    /// how slow a writer is, one that still is at it so long after is not worth waiting for.</summary>
    /// <exception cref="StoreException">The store is missing or cannot be written.</exception>
    Task DeleteTemporariesAsync(Func<BlobName, bool> isAbandoned, TimeSpan untouchedFor, CancellationToken token);

    /// <summary>The time that the store stamps on a file made now: by its own clock, where it is another machine than
    /// this. Makes a temporary file and removes it.</summary>
    /// <exception cref="StoreException">The store is missing or cannot be written.</exception>
    Task<DateTimeOffset> ReadTimeAsync(CancellationToken token);
}
