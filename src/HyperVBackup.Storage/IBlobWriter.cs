namespace HyperVBackup.Storage;

/// <summary>A blob being written under a temporary name. One thread at a time. Disposing without publishing
/// removes what was written.</summary>
public interface IBlobWriter : IAsyncDisposable
{
    long LengthBytes { get; }

    /// <exception cref="StoreException">The store is full or cannot be written.</exception>
    ValueTask AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken token);

    /// <summary>Flushes, then gives the blob its name unless that is taken, durably.</summary>
    /// <returns>False where the name was taken; the blob is gone then, perhaps because somebody had removed it
    /// already.</returns>
    /// <exception cref="StoreException">The store is full or failed; nothing stands under the name through us,
    /// unless the failure came after the rename.</exception>
    Task<bool> TryPublishAsync(CancellationToken token);
}
