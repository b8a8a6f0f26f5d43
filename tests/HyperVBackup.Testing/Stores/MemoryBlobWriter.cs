using HyperVBackup.Storage;

namespace HyperVBackup.Testing.Stores;

/// <summary>A blob being written to a <see cref="MemoryStore"/>.</summary>
internal sealed class MemoryBlobWriter(MemoryStore store, BlobName name) : IBlobWriter
{
    private readonly MemoryStream content = new();
    private bool isOpen = true;

    public long LengthBytes { get; private set; }

    public async ValueTask AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken token)
    {
        await BeginAsync(StoreCallKind.Append, token);
        content.Write(bytes.Span);
        LengthBytes += bytes.Length;
        isOpen = true;
    }

    public async Task<bool> TryPublishAsync(CancellationToken token)
    {
        await BeginAsync(StoreCallKind.Publish, token);
        return store.TryPublish(this, name, content.ToArray());
    }

    public ValueTask DisposeAsync()
    {
        isOpen = false;
        store.Drop(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>Leaves the writer closed: a failed one takes no more.</summary>
    private async Task BeginAsync(StoreCallKind kind, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        if (!isOpen)
        {
            throw new InvalidOperationException($"'{name}' is published, failed or closed: it takes no more.");
        }

        isOpen = false;
        await store.BeginAsync(kind, name.Path, token);
    }
}
