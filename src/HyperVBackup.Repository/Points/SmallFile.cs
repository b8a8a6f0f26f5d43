using System.Buffers;
using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Points;

/// <summary>Reads whole files that are small by their nature: settings, restore points, leases, fences.</summary>
internal static class SmallFile
{
    private const int GuessBytes = 16 << 10;

    /// <returns>The whole file; null where there is none.</returns>
    /// <exception cref="CorruptDataException">It is larger than any small file may be.</exception>
    public static ValueTask<byte[]?> TryReadAsync(IBlobStore store, string name, CancellationToken token) =>
        TryReadAsync(store, name, FormatLimits.RestorePointFileLengthMaxBytes, token);

    /// <inheritdoc cref="TryReadAsync(IBlobStore, string, CancellationToken)"/>
    public static async ValueTask<byte[]?> TryReadAsync(
        IBlobStore store, string name, int lengthMaxBytes, CancellationToken token)
    {
        BlobName blob = new(name);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(GuessBytes);
        try
        {
            int? count = await store.TryReadAsync(blob, 0, buffer.AsMemory(0, GuessBytes), token);
            if (count is not GuessBytes)
            {
                return count is int read ? buffer[..read] : null;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (await store.TryGetLengthAsync(blob, token) is not long lengthBytes)
        {
            return null;
        }

        Corrupt.Unless(lengthBytes <= lengthMaxBytes, "file: larger than its kind may be");
        byte[] bytes = new byte[lengthBytes];
        int? whole = await store.TryReadAsync(blob, 0, bytes, token);
        return whole == bytes.Length ? bytes : null;
    }
}
