using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>A store that counts the bytes read from it. Thread-safe.</summary>
internal sealed class CountedStore(IBlobStore store) : IBlobStore
{
    private long readBytes;

    public string Description => store.Description;

    public long ReadBytes => Interlocked.Read(ref readBytes);

    public Task<IBlobWriter> CreateAsync(BlobName name, CancellationToken token) => store.CreateAsync(name, token);

    public Task<bool> TryPutAsync(BlobName name, ReadOnlyMemory<byte> content, CancellationToken token) =>
        store.TryPutAsync(name, content, token);

    public ValueTask<long?> TryGetLengthAsync(BlobName name, CancellationToken token) =>
        store.TryGetLengthAsync(name, token);

    public async ValueTask<int?> TryReadAsync(
        BlobName name, long offsetBytes, Memory<byte> buffer, CancellationToken token)
    {
        int? count = await store.TryReadAsync(name, offsetBytes, buffer, token);
        Interlocked.Add(ref readBytes, count ?? 0);
        return count;
    }

    public IAsyncEnumerable<BlobName> ListAsync(string prefix, CancellationToken token) =>
        store.ListAsync(prefix, token);

    public Task<DateTimeOffset> ReadTimeAsync(CancellationToken token) => store.ReadTimeAsync(token);

    public ValueTask<string?> FindListingDoubtAsync(CancellationToken token) => store.FindListingDoubtAsync(token);

    public Task FlushNamesAsync(BlobName name, CancellationToken token) => store.FlushNamesAsync(name, token);

    public Task DeleteAsync(BlobName name, CancellationToken token) =>
        throw new NotSupportedException("Who reads does not delete.");

    public Task<bool> MendAsync(
        BlobName name, long offsetBytes, ReadOnlyMemory<byte> bytes, CancellationToken token) =>
        throw new NotSupportedException("Who reads does not mend.");

    public Task DeleteTemporariesAsync(Func<BlobName, bool> isAbandoned, CancellationToken token) =>
        throw new NotSupportedException("Who reads does not delete.");

    public Task DeleteTemporariesAsync(
        Func<BlobName, bool> isAbandoned, TimeSpan untouchedFor, CancellationToken token) =>
        throw new NotSupportedException("Who reads does not delete.");
}
