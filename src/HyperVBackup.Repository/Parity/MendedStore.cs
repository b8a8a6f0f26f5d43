using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Parity;

/// <summary>A store as it would be if some of its blobs were mended: these read as they were published, whether they
/// are there or not. Everything else goes to the store itself. Reading is thread-safe once all blocks are noted.
/// </summary>
internal sealed class MendedStore(IBlobStore store) : IBlobStore
{
    private readonly Dictionary<BlobName, Blob> blobs = [];

    public string Description => store.Description;

    /// <summary>Says how long a blob was.</summary>
    public void NoteLength(BlobName name, long lengthBytes) => blobs[name] = new Blob(lengthBytes);

    /// <summary>Takes what stood in a blob. Blocks come in any order and never overlap.</summary>
    public void Note(BlobName name, long offsetBytes, ReadOnlySpan<byte> bytes) =>
        blobs[name].Blocks.Add(offsetBytes, bytes.ToArray());

    /// <summary>The parts of a blob that are noted here, with nothing between that is not: what would be read from the
    /// store for that is not proven when it is written. None is longer than <paramref name="partBytesMax"/>.</summary>
    public List<(long OffsetBytes, long LengthBytes)> PartsOf(BlobName name, long partBytesMax)
    {
        List<(long OffsetBytes, long LengthBytes)> parts = [];
        foreach ((long offsetBytes, byte[] bytes) in blobs[name].InOrder())
        {
            long endBytes = offsetBytes + bytes.Length;
            (long startBytes, long lengthBytes) = parts.Count > 0 ? parts[^1] : default;
            bool isNext = parts.Count > 0 && offsetBytes == startBytes + lengthBytes;
            if (isNext && endBytes - startBytes <= partBytesMax)
            {
                parts[^1] = (startBytes, endBytes - startBytes);
            }
            else
            {
                parts.Add((offsetBytes, bytes.Length));
            }
        }

        return parts;
    }

    public ValueTask<long?> TryGetLengthAsync(BlobName name, CancellationToken token) =>
        blobs.TryGetValue(name, out Blob? blob)
            ? new ValueTask<long?>(blob.LengthBytes)
            : store.TryGetLengthAsync(name, token);

    public async ValueTask<int?> TryReadAsync(
        BlobName name, long offsetBytes, Memory<byte> buffer, CancellationToken token)
    {
        if (!blobs.TryGetValue(name, out Blob? blob))
        {
            return await store.TryReadAsync(name, offsetBytes, buffer, token);
        }

        buffer = buffer[..(int)Math.Clamp(blob.LengthBytes - offsetBytes, 0, buffer.Length)];
        List<(long OffsetBytes, byte[] Bytes)> mended = blob.Within(offsetBytes, offsetBytes + buffer.Length);
        long endBytes = offsetBytes + buffer.Length;
        long knownBytes = mended.Sum(block =>
            Math.Min(endBytes, block.OffsetBytes + block.Bytes.Length) - Math.Max(offsetBytes, block.OffsetBytes));
        if (knownBytes < buffer.Length)
        {
            await ReadAroundAsync(name, offsetBytes, buffer, mended, token);
        }

        foreach ((long atBytes, byte[] bytes) in mended)
        {
            int from = (int)Math.Max(0, offsetBytes - atBytes);
            int to = (int)Math.Min(bytes.Length, offsetBytes + buffer.Length - atBytes);
            bytes.AsSpan(from..to).CopyTo(buffer.Span[(int)(atBytes + from - offsetBytes)..]);
        }

        return buffer.Length;
    }

    public Task FlushNamesAsync(BlobName name, CancellationToken token) => store.FlushNamesAsync(name, token);

    public Task<IBlobWriter> CreateAsync(BlobName name, CancellationToken token) => store.CreateAsync(name, token);

    public Task<bool> TryPutAsync(BlobName name, ReadOnlyMemory<byte> content, CancellationToken token) =>
        store.TryPutAsync(name, content, token);

    public IAsyncEnumerable<BlobName> ListAsync(string prefix, CancellationToken token) =>
        store.ListAsync(prefix, token);

    public ValueTask<string?> FindListingDoubtAsync(CancellationToken token) => store.FindListingDoubtAsync(token);

    public Task DeleteAsync(BlobName name, CancellationToken token) =>
        throw new NotSupportedException("Who mends does not delete.");

    public Task<bool> MendAsync(
        BlobName name, long offsetBytes, ReadOnlyMemory<byte> bytes, CancellationToken token) =>
        store.MendAsync(name, offsetBytes, bytes, token);

    public Task DeleteTemporariesAsync(Func<BlobName, bool> isAbandoned, CancellationToken token) =>
        throw new NotSupportedException("Who mends does not delete.");

    public Task DeleteTemporariesAsync(
        Func<BlobName, bool> isAbandoned, TimeSpan untouchedFor, CancellationToken token) =>
        throw new NotSupportedException("Who mends does not delete.");

    public Task<DateTimeOffset> ReadTimeAsync(CancellationToken token) => store.ReadTimeAsync(token);

    /// <summary>Reads what is there. A part that cannot be read is read around what is mended in it.</summary>
    private async Task ReadAroundAsync(
        BlobName name, long offsetBytes, Memory<byte> buffer, List<(long OffsetBytes, byte[] Bytes)> mended,
        CancellationToken token)
    {
        try
        {
            int count = await store.TryReadAsync(name, offsetBytes, buffer, token) ?? 0;
            buffer.Span[count..].Clear();
        }
        catch (StoreException) when (mended.Count > 0)
        {
            int atBytes = 0;
            foreach ((long startBytes, byte[] bytes) in mended)
            {
                int gapEnd = (int)Math.Max(atBytes, startBytes - offsetBytes);
                if (gapEnd > atBytes)
                {
                    await ReadAroundAsync(name, offsetBytes + atBytes, buffer[atBytes..gapEnd], [], token);
                }

                atBytes = (int)Math.Min(buffer.Length, startBytes + bytes.Length - offsetBytes);
            }

            if (atBytes < buffer.Length)
            {
                await ReadAroundAsync(name, offsetBytes + atBytes, buffer[atBytes..], [], token);
            }
        }
    }

    private sealed class Blob(long lengthBytes)
    {
        private List<(long OffsetBytes, byte[] Bytes)>? order;

        public long LengthBytes => lengthBytes;

        public Dictionary<long, byte[]> Blocks { get; } = [];

        /// <summary>All blocks, once none is added any more.</summary>
        public List<(long OffsetBytes, byte[] Bytes)> InOrder() =>
            order ??= [.. Blocks.Select(block => (block.Key, block.Value)).OrderBy(block => block.Key)];

        public List<(long OffsetBytes, byte[] Bytes)> Within(long startBytes, long endBytes)
        {
            List<(long OffsetBytes, byte[] Bytes)> all = InOrder();
            int first = all.BinarySearch((startBytes, []), FirstOrder.Instance);
            first = first >= 0 ? first : Math.Max(0, ~first - 1);
            List<(long, byte[])> found = [];
            for (int index = first; index < all.Count && all[index].OffsetBytes < endBytes; index++)
            {
                if (all[index].OffsetBytes + all[index].Bytes.Length > startBytes)
                {
                    found.Add(all[index]);
                }
            }

            return found;
        }
    }

    private sealed class FirstOrder : IComparer<(long OffsetBytes, byte[] Bytes)>
    {
        public static FirstOrder Instance { get; } = new();

        public int Compare((long OffsetBytes, byte[] Bytes) x, (long OffsetBytes, byte[] Bytes) y) =>
            x.OffsetBytes.CompareTo(y.OffsetBytes);
    }
}
