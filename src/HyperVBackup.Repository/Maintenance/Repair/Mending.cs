using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>Writes the exact bytes that files had when they were published, over those that rotted, and counts. A
/// place that cannot be written, as of a bad sector, is warned of and is not mended: others may be, and copies be made
/// of what it held. One thread at a time.</summary>
/// <param name="warn">Told once of each file.</param>
internal sealed class Mending(IBlobStore store, Action<string> warn)
{
    /// <summary>At the start of a record.</summary>
    private const int ChecksumBytes = 16;

    private readonly HashSet<string> warned = [];

    public long BytesWritten { get; private set; }

    /// <returns>False where the file is gone or cannot be written there.</returns>
    /// <exception cref="StoreException">The store is missing.</exception>
    public async Task<bool> WriteAsync(
        string file, long offsetBytes, ReadOnlyMemory<byte> bytes, CancellationToken token)
    {
        BlobName blob = new(file);
        try
        {
            if (!await store.MendAsync(blob, offsetBytes, bytes, token))
            {
                return false;
            }
        }
        catch (StoreException failure) when (!token.IsCancellationRequested)
        {
            await store.TryGetLengthAsync(blob, token); // which says so where the whole store is missing
            if (warned.Add(file))
            {
                warn($"'{file}' cannot be mended where it lies: {failure.Message}");
            }

            return false;
        }

        BytesWritten += bytes.Length;
        return true;
    }

    /// <summary>Whether a good record is, byte for byte, the one that was published where another lies now: the
    /// checksums agree, or all but the checksum does.</summary>
    public static bool IsExact(ReadOnlySpan<byte> found, ReadOnlySpan<byte> good) =>
        found.Length == good.Length
        && (found[..ChecksumBytes].SequenceEqual(good[..ChecksumBytes])
            || found[ChecksumBytes..].SequenceEqual(good[ChecksumBytes..]));

    /// <summary>Reads as much of a file as can be read, with zeros for the rest.</summary>
    public static async Task<byte[]> ReadAsync(
        IBlobStore store, string file, long offsetBytes, int lengthBytes, CancellationToken token)
    {
        byte[] bytes = new byte[lengthBytes];
        try
        {
            await store.TryReadAsync(new BlobName(file), offsetBytes, bytes, token);
        }
        catch (StoreException)
        {
            bytes.AsSpan().Clear(); // a bad sector
        }

        return bytes;
    }
}
