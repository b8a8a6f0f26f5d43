using System.Collections.Concurrent;
using HyperVBackup.Storage;

namespace HyperVBackup.Testing.Stores;

/// <summary>
/// The simple twin of <see cref="FolderStore"/>: a dictionary. Thread-safe. Its two hooks let a test fail a call, or
/// lose its answer: both may throw <see cref="StoreException"/>, and <see cref="Before"/> may also look, wait or
/// call the store itself.
/// </summary>
public sealed class MemoryStore : IBlobStore
{
    private readonly ConcurrentDictionary<BlobName, byte[]> blobs = new();
    private readonly ConcurrentDictionary<MemoryBlobWriter, (BlobName Name, DateTimeOffset Made)> temporaries = new();

    public string Description => "memory";

    /// <summary>Called before each operation has any effect.</summary>
    public Action<StoreCall>? Before { get; set; }

    /// <summary>Called after an operation that writes or deletes has had its effect.</summary>
    public Action<StoreCall>? After { get; set; }

    /// <summary>Whether a read meets a bad sector: of a blob, from an offset, so many bytes.</summary>
    public Func<BlobName, long, int, bool>? IsUnreadable { get; set; }

    /// <summary>What the store's own clock says.</summary>
    public DateTimeOffset Time { get; set; } = DateTimeOffset.MaxValue;

    /// <summary>The blobs now there, in the order of their names.</summary>
    public IReadOnlyList<BlobName> Names => [.. blobs.Keys.OrderBy(name => name.Path, StringComparer.Ordinal)];

    /// <summary>The count of writers neither published nor disposed.</summary>
    public int TemporaryCount => temporaries.Count;

    /// <summary>A blob's bytes themselves, to look at or to damage.</summary>
    public byte[] this[BlobName name]
    {
        get => blobs[name];
        set => blobs[name] = value;
    }

    /// <summary>What <see cref="FindListingDoubtAsync"/> says.</summary>
    public string? ListingDoubt { get; set; }

    /// <summary>An independent store with the same blobs.</summary>
    public MemoryStore Copy()
    {
        MemoryStore copy = new();
        foreach ((BlobName name, byte[] content) in blobs)
        {
            copy.blobs[name] = [.. content];
        }

        return copy;
    }

    public async Task<IBlobWriter> CreateAsync(BlobName name, CancellationToken token)
    {
        await BeginAsync(StoreCallKind.Create, Checked(name).Path, token);
        MemoryBlobWriter writer = new(this, name);
        temporaries[writer] = (name, Time);
        After?.Invoke(new StoreCall(StoreCallKind.Create, name.Path));
        return writer;
    }

    public async Task<bool> TryPutAsync(BlobName name, ReadOnlyMemory<byte> content, CancellationToken token)
    {
        await BeginAsync(StoreCallKind.Put, Checked(name).Path, token);
        bool isOurs = blobs.TryAdd(name, content.ToArray());
        After?.Invoke(new StoreCall(StoreCallKind.Put, name.Path));
        return isOurs;
    }

    public async ValueTask<long?> TryGetLengthAsync(BlobName name, CancellationToken token)
    {
        await BeginAsync(StoreCallKind.GetLength, Checked(name).Path, token);
        return blobs.TryGetValue(name, out byte[]? content) ? content.Length : null;
    }

    public async ValueTask<int?> TryReadAsync(
        BlobName name, long offsetBytes, Memory<byte> buffer, CancellationToken token)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offsetBytes);
        await BeginAsync(StoreCallKind.Read, Checked(name).Path, token);
        if (!blobs.TryGetValue(name, out byte[]? content))
        {
            return null;
        }

        if (IsUnreadable?.Invoke(name, offsetBytes, buffer.Length) == true)
        {
            throw new StoreException($"'{name}' cannot be read at {offsetBytes}: Input/output error");
        }

        int start = (int)Math.Min(offsetBytes, content.Length);
        int count = Math.Min(buffer.Length, content.Length - start);
        content.AsMemory(start, count).CopyTo(buffer);
        return count;
    }

    public IAsyncEnumerable<BlobName> ListAsync(string prefix, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        int folderLength = prefix.LastIndexOf('/') + 1;
        return BlobName.IsValid(prefix[..folderLength] + "x") && BlobName.IsValid("x" + prefix[folderLength..])
            ? Walk(prefix, token).ToAsyncEnumerable()
            : throw new ArgumentException($"'{prefix}' begins no blob name.", nameof(prefix));
    }

    public ValueTask<string?> FindListingDoubtAsync(CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        return ValueTask.FromResult(ListingDoubt);
    }

    /// <summary>No power loss is known here.</summary>
    public Task FlushNamesAsync(BlobName name, CancellationToken token)
    {
        _ = Checked(name);
        token.ThrowIfCancellationRequested();
        return Task.CompletedTask;
    }

    public async Task DeleteAsync(BlobName name, CancellationToken token)
    {
        await BeginAsync(StoreCallKind.Delete, Checked(name).Path, token);
        blobs.TryRemove(name, out _);
        After?.Invoke(new StoreCall(StoreCallKind.Delete, name.Path));
    }

    public async Task<bool> MendAsync(
        BlobName name, long offsetBytes, ReadOnlyMemory<byte> bytes, CancellationToken token)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offsetBytes);
        await BeginAsync(StoreCallKind.Mend, Checked(name).Path, token);
        if (!blobs.TryGetValue(name, out byte[]? content))
        {
            return false;
        }

        byte[] mended = new byte[Math.Max(content.Length, bytes.IsEmpty ? 0 : (int)offsetBytes + bytes.Length)];
        content.CopyTo(mended, 0);
        bytes.CopyTo(mended.AsMemory(bytes.IsEmpty ? 0 : (int)offsetBytes));
        bool isThere = blobs.TryUpdate(name, mended, content);
        After?.Invoke(new StoreCall(StoreCallKind.Mend, name.Path));
        return isThere;
    }

    public async Task DeleteTemporariesAsync(Func<BlobName, bool> isAbandoned, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(isAbandoned);
        await BeginAsync(StoreCallKind.DeleteTemporaries, "", token);
        Remove(isAbandoned, TimeSpan.Zero);
        After?.Invoke(new StoreCall(StoreCallKind.DeleteTemporaries, ""));
    }

    public async Task DeleteTemporariesAsync(
        Func<BlobName, bool> isAbandoned, TimeSpan untouchedFor, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(isAbandoned);
        await BeginAsync(StoreCallKind.DeleteTemporaries, "old", token);
        Remove(isAbandoned, untouchedFor);
        After?.Invoke(new StoreCall(StoreCallKind.DeleteTemporaries, "old"));
    }

    public async Task<DateTimeOffset> ReadTimeAsync(CancellationToken token)
    {
        await BeginAsync(StoreCallKind.ReadTime, "", token);
        return Time;
    }

    private void Remove(Func<BlobName, bool> isAbandoned, TimeSpan untouchedFor)
    {
        foreach ((MemoryBlobWriter writer, (BlobName name, DateTimeOffset made)) in temporaries)
        {
            if (isAbandoned(name) && Time - made >= untouchedFor)
            {
                temporaries.TryRemove(writer, out _);
            }
        }
    }

    internal async Task BeginAsync(StoreCallKind kind, string name, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        Before?.Invoke(new StoreCall(kind, name));
        await Task.CompletedTask;
    }

    internal bool TryPublish(MemoryBlobWriter writer, BlobName name, byte[] content)
    {
        if (!temporaries.TryRemove(writer, out _))
        {
            return blobs.ContainsKey(name)
                ? false
                : throw new StoreException($"Cannot rename to '{name}': the temporary file is gone.");
        }

        bool isOurs = blobs.TryAdd(name, content);
        After?.Invoke(new StoreCall(StoreCallKind.Publish, name.Path));
        return isOurs;
    }

    internal void Drop(MemoryBlobWriter writer) => temporaries.TryRemove(writer, out _);

    private IEnumerable<BlobName> Walk(string prefix, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        Before?.Invoke(new StoreCall(StoreCallKind.List, prefix));
        foreach (BlobName name in Names)
        {
            if (name.Path.StartsWith(prefix, StringComparison.Ordinal))
            {
                yield return name;
            }
        }
    }

    private static BlobName Checked(BlobName name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name.Path, nameof(name));
        return name;
    }
}
