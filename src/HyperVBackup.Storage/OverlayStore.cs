using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace HyperVBackup.Storage;

/// <summary>
/// A store as it would be: reads come from another store, what is written stays in memory and is seen by those who read
/// here, and nowhere else. For finding out what an operation would do. It keeps what was written and no more: of a blob
/// that is mended, the ranges that are. Thread-safe.
/// </summary>
public sealed class OverlayStore(IBlobStore store) : IBlobStore
{
    /// <summary>Blobs written here, whole; null for those deleted.</summary>
    private readonly ConcurrentDictionary<BlobName, byte[]?> written = new();

    /// <summary>Of blobs of the other store; of no account for one that was written or deleted here.</summary>
    private readonly ConcurrentDictionary<BlobName, MendedRanges> mended = new();
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
        if (written.TryGetValue(name, out byte[]? own))
        {
            return own?.Length;
        }

        long? lengthBytes = await store.TryGetLengthAsync(name, token);
        return lengthBytes is long below && mended.TryGetValue(name, out MendedRanges? ranges)
            ? Math.Max(below, ranges.EndBytes)
            : lengthBytes;
    }

    public async ValueTask<int?> TryReadAsync(
        BlobName name, long offsetBytes, Memory<byte> buffer, CancellationToken token)
    {
        ArgumentException.ThrowIfNullOrEmpty(name.Path, nameof(name));
        ArgumentOutOfRangeException.ThrowIfNegative(offsetBytes);
        token.ThrowIfCancellationRequested();
        if (!written.TryGetValue(name, out byte[]? own))
        {
            return mended.TryGetValue(name, out MendedRanges? ranges)
                ? await TryReadMendedAsync(name, ranges, offsetBytes, buffer, token)
                : await store.TryReadAsync(name, offsetBytes, buffer, token);
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
        if (await TryGetLengthAsync(name, token) is null)
        {
            return false;
        }

        while (written.TryGetValue(name, out byte[]? own))
        {
            if (own is null)
            {
                return false;
            }

            long endBytes = bytes.IsEmpty ? 0 : offsetBytes + bytes.Length;
            byte[] whole = new byte[Math.Max(own.Length, endBytes)];
            own.CopyTo(whole, 0);
            bytes.CopyTo(whole.AsMemory(bytes.IsEmpty ? 0 : (int)offsetBytes));
            if (TrySet(name, own, whole))
            {
                return true;
            }
        }

        if (!bytes.IsEmpty)
        {
            MendedRanges one = MendedRanges.None.With(offsetBytes, bytes);
            mended.AddOrUpdate(name, one, (_, before) => before.With(offsetBytes, bytes));
        }

        return true;
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

    /// <summary>Nothing here is old.</summary>
    public Task DeleteTemporariesAsync(
        Func<BlobName, bool> isAbandoned, TimeSpan untouchedFor, CancellationToken token) =>
        untouchedFor > TimeSpan.Zero ? Task.CompletedTask : DeleteTemporariesAsync(isAbandoned, token);

    /// <summary>This machine's: nothing is written to the store to ask for its own.</summary>
    public Task<DateTimeOffset> ReadTimeAsync(CancellationToken token) => Task.FromResult(DateTimeOffset.MinValue);

    /// <summary>What is mended is not asked for below, where it may be unreadable.</summary>
    /// <returns>Null where the blob is gone below.</returns>
    private async ValueTask<int?> TryReadMendedAsync(
        BlobName name, MendedRanges ranges, long offsetBytes, Memory<byte> buffer, CancellationToken token)
    {
        if (await store.TryGetLengthAsync(name, token) is not long belowBytes)
        {
            return null;
        }

        long lengthBytes = Math.Max(belowBytes, ranges.EndBytes);
        buffer = buffer[..(int)Math.Clamp(lengthBytes - offsetBytes, 0, buffer.Length)];
        foreach ((int atBytes, int gapBytes) in ranges.GapsIn(offsetBytes, buffer.Length))
        {
            Memory<byte> gap = buffer.Slice(atBytes, gapBytes);
            if (await store.TryReadAsync(name, offsetBytes + atBytes, gap, token) is not int count)
            {
                return null;
            }

            gap.Span[count..].Clear();
        }

        ranges.CopyTo(offsetBytes, buffer.Span);
        return buffer.Length;
    }

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
