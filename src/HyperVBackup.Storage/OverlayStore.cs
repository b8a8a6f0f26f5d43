using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace HyperVBackup.Storage;

/// <summary>
/// A store as it would be: reads come from another store, what is written stays in memory and is seen by those who read
/// here, and nowhere else. For finding out what an operation would do. Thread-safe.
/// </summary>
public sealed class OverlayStore(IBlobStore store) : IBlobStore
{
    /// <summary>Blobs written here, whole; null for those deleted.</summary>
    private readonly ConcurrentDictionary<BlobName, byte[]?> written = new();
    private readonly ConcurrentDictionary<Writer, BlobName> writers = new();

    public string Description => store.Description;

    /// <summary>The count of writers neither published nor disposed.</summary>
    public int TemporaryCount => writers.Count;

    public Task<IBlobWriter> CreateAsync(BlobName name, CancellationToken token)
    {
        ArgumentException.ThrowIfNullOrEmpty(name.Path, nameof(name));
        token.ThrowIfCancellationRequested();
        Writer writer = new(this, name);
        writers[writer] = name;
        return Task.FromResult<IBlobWriter>(writer);
    }

    public async Task<bool> TryPutAsync(BlobName name, ReadOnlyMemory<byte> content, CancellationToken token)
    {
        ArgumentException.ThrowIfNullOrEmpty(name.Path, nameof(name));
        token.ThrowIfCancellationRequested();
        while (await TryGetLengthAsync(name, token) is null)
        {
            if (TrySet(name, null, content.ToArray()))
            {
                return true;
            }
        }

        return false;
    }

    public async ValueTask<long?> TryGetLengthAsync(BlobName name, CancellationToken token)
    {
        ArgumentException.ThrowIfNullOrEmpty(name.Path, nameof(name));
        token.ThrowIfCancellationRequested();
        return written.TryGetValue(name, out byte[]? own)
            ? own?.Length
            : await store.TryGetLengthAsync(name, token);
    }

    public async ValueTask<int?> TryReadAsync(
        BlobName name, long offsetBytes, Memory<byte> buffer, CancellationToken token)
    {
        ArgumentException.ThrowIfNullOrEmpty(name.Path, nameof(name));
        ArgumentOutOfRangeException.ThrowIfNegative(offsetBytes);
        token.ThrowIfCancellationRequested();
        if (!written.TryGetValue(name, out byte[]? own))
        {
            return await store.TryReadAsync(name, offsetBytes, buffer, token);
        }

        if (own is null)
        {
            return null;
        }

        int start = (int)Math.Min(offsetBytes, own.Length);
        int count = Math.Min(buffer.Length, own.Length - start);
        own.AsMemory(start, count).CopyTo(buffer);
        return count;
    }

    public IAsyncEnumerable<BlobName> ListAsync(string prefix, CancellationToken token)
    {
        IAsyncEnumerable<BlobName> below = store.ListAsync(prefix, token);
        return ListAsync(below, prefix, token);
    }

    public ValueTask<string?> FindListingDoubtAsync(CancellationToken token) => store.FindListingDoubtAsync(token);

    /// <summary>Nothing here outlives the process.</summary>
    public Task FlushNamesAsync(BlobName name, CancellationToken token)
    {
        ArgumentException.ThrowIfNullOrEmpty(name.Path, nameof(name));
        token.ThrowIfCancellationRequested();
        return Task.CompletedTask;
    }

    public Task DeleteAsync(BlobName name, CancellationToken token)
    {
        ArgumentException.ThrowIfNullOrEmpty(name.Path, nameof(name));
        token.ThrowIfCancellationRequested();
        written[name] = null;
        return Task.CompletedTask;
    }

    public async Task<bool> MendAsync(
        BlobName name, long offsetBytes, ReadOnlyMemory<byte> bytes, CancellationToken token)
    {
        ArgumentException.ThrowIfNullOrEmpty(name.Path, nameof(name));
        ArgumentOutOfRangeException.ThrowIfNegative(offsetBytes);
        token.ThrowIfCancellationRequested();
        while (true)
        {
            byte[]? own = written.GetValueOrDefault(name);
            if (await TryGetLengthAsync(name, token) is not long lengthBytes)
            {
                return false;
            }

            long endBytes = bytes.IsEmpty ? 0 : offsetBytes + bytes.Length;
            byte[] mended = new byte[Math.Max(lengthBytes, endBytes)];
            await TryReadAsync(name, 0, mended.AsMemory(0, (int)lengthBytes), token);
            bytes.CopyTo(mended.AsMemory(bytes.IsEmpty ? 0 : (int)offsetBytes));
            if (TrySet(name, own, mended))
            {
                return true;
            }
        }
    }

    public Task DeleteTemporariesAsync(Func<BlobName, bool> isAbandoned, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(isAbandoned);
        token.ThrowIfCancellationRequested();
        foreach ((Writer writer, BlobName name) in writers)
        {
            _ = isAbandoned(name) && writers.TryRemove(writer, out _);
        }

        return Task.CompletedTask;
    }

    /// <summary>This machine's: nothing is written to the store to ask for its own.</summary>
    public Task<DateTimeOffset> ReadTimeAsync(CancellationToken token) => Task.FromResult(DateTimeOffset.MinValue);

    private async IAsyncEnumerable<BlobName> ListAsync(
        IAsyncEnumerable<BlobName> below, string prefix, [EnumeratorCancellation] CancellationToken token)
    {
        foreach ((BlobName name, byte[]? own) in written.ToArray())
        {
            if (own is not null && name.Path.StartsWith(prefix, StringComparison.Ordinal))
            {
                yield return name;
            }
        }

        await foreach (BlobName name in below.WithCancellation(token))
        {
            if (!written.ContainsKey(name))
            {
                yield return name;
            }
        }
    }

    /// <param name="before">What is known to be written here; null where that is nothing, or a deletion.</param>
    private bool TrySet(BlobName name, byte[]? before, byte[] content) =>
        written.TryUpdate(name, content, before) || (before is null && written.TryAdd(name, content));

    private sealed class Writer(OverlayStore owner, BlobName name) : IBlobWriter
    {
        private readonly MemoryStream content = new();
        private bool isOpen = true;

        public long LengthBytes => content.Length;

        public ValueTask AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken token)
        {
            token.ThrowIfCancellationRequested();
            RequireOpen();
            content.Write(bytes.Span);
            return ValueTask.CompletedTask;
        }

        public async Task<bool> TryPublishAsync(CancellationToken token)
        {
            token.ThrowIfCancellationRequested();
            RequireOpen();
            isOpen = false;
            bool isThere = owner.writers.TryRemove(this, out _);
            if (!isThere && await owner.TryGetLengthAsync(name, token) is null)
            {
                throw new StoreException($"Cannot publish '{name}': what was written is gone.");
            }

            return isThere && await owner.TryPutAsync(name, content.ToArray(), token);
        }

        public ValueTask DisposeAsync()
        {
            isOpen = false;
            owner.writers.TryRemove(this, out _);
            return ValueTask.CompletedTask;
        }

        private void RequireOpen()
        {
            if (!isOpen)
            {
                throw new InvalidOperationException($"'{name}' is published or closed: it takes no more.");
            }
        }
    }
}
