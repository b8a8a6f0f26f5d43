using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Parity;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Parity;

/// <summary>A published parity file, opened by whichever of its heads is good.</summary>
/// <param name="LengthBytes">Of the file as it is.</param>
/// <param name="Complaints">What is wrong with its heads or length, and where.</param>
internal sealed record ParityFile(
    PackName Name, ParityGroup Group, long LengthBytes, IReadOnlyList<(long OffsetBytes, string What)> Complaints)
{
    private const int TryBytes = 4096;

    /// <returns>Null where there is no such file.</returns>
    /// <exception cref="CorruptDataException">Both heads are damaged; with the store's failure inside where it was the
    /// store that did not give one of them.</exception>
    public static async Task<ParityFile?> TryOpenAsync(
        IBlobStore store, RepositoryId repository, PackName name, CancellationToken token)
    {
        BlobName blob = new(name.BlobName);
        if (await store.TryGetLengthAsync(blob, token) is not long lengthBytes)
        {
            return null;
        }

        (ParityGroup? first, Exception? complaint) = await TryReadHeadAsync(store, repository, blob, 0, token);
        long lastAtBytes = (first?.FileLengthBytes ?? lengthBytes) - ParityHead.SizeBytes;
        (ParityGroup? last, Exception? lastComplaint) =
            await TryReadHeadAsync(store, repository, blob, Math.Max(0, lastAtBytes), token);
        ParityGroup group = first ?? last ?? throw Unreadable(complaint!, lastComplaint!);
        List<(long, string)> complaints = [];
        if (complaint is not null)
        {
            complaints.Add((0, complaint.Message));
        }

        if (lastComplaint is not null)
        {
            complaints.Add((lastAtBytes, lastComplaint.Message));
        }

        if (lengthBytes > group.FileLengthBytes)
        {
            complaints.Add((group.FileLengthBytes, "parity file: bytes after its end"));
        }

        return new ParityFile(name, group, lengthBytes, complaints);
    }

    /// <summary>Fills in a stripe's parity and checksums.</summary>
    public async Task ReadStripeAsync(IBlobStore store, ParityStripe stripe, CancellationToken token)
    {
        BlobName blob = new(Name.BlobName);
        long atBytes = Group.StripeStartBytes(stripe.Number);
        await ReadAsync(store, blob, atBytes, stripe.Checksums, token);
        atBytes += stripe.Checksums.Length;
        for (int parity = 0; parity < Group.ParityColumnCount; parity++)
        {
            int column = Group.DataColumnCount + parity;
            Memory<byte> bytes = stripe.Column(column);
            foreach ((int lostAt, int lostBytes) in await ReadAsync(store, blob, atBytes, bytes, token))
            {
                stripe.NoteLost(column, lostAt, lostBytes);
            }

            atBytes += bytes.Length;
        }

        await ReadAsync(store, blob, atBytes, stripe.SecondChecksums, token);
    }

    /// <summary>Fills in a stripe's data.</summary>
    /// <returns>Whether every byte could be read.</returns>
    public static async Task<bool> ReadDataAsync(
        IBlobStore store, ParityStripe stripe, Func<PackName, bool> isThere, CancellationToken token)
    {
        bool isWhole = true;
        for (int column = 0; column < stripe.Group.DataColumnCount; column++)
        {
            foreach (ParitySpan span in stripe.Group.SpansOf(column, stripe.Number))
            {
                PackName pack = stripe.Group.NameOf(span.Pack);
                Memory<byte> bytes = stripe.Column(column).Slice(span.AtBytes, span.LengthBytes);
                List<(int, int)> lost = isThere(pack)
                    ? await ReadAsync(store, new BlobName(pack.BlobName), span.OffsetBytes, bytes, token)
                    : [(0, span.LengthBytes)];
                foreach ((int atBytes, int lengthBytes) in lost)
                {
                    stripe.NoteLost(column, span.AtBytes + atBytes, lengthBytes);
                }

                isWhole &= lost.Count == 0;
            }
        }

        return isWhole;
    }

    /// <summary>Reads as much as there is; a place that cannot be read costs no more than it must.</summary>
    /// <returns>The parts that could not be read; they hold zeros.</returns>
    private static async Task<List<(int AtBytes, int LengthBytes)>> ReadAsync(
        IBlobStore store, BlobName blob, long offsetBytes, Memory<byte> bytes, CancellationToken token)
    {
        List<(int, int)> lost = [];
        try
        {
            int count = await store.TryReadAsync(blob, offsetBytes, bytes, token) ?? 0;
            bytes.Span[count..].Clear();
            return count < bytes.Length ? [(count, bytes.Length - count)] : lost;
        }
        catch (StoreException) when (bytes.Length <= TryBytes)
        {
            bytes.Span.Clear();
            return [(0, bytes.Length)];
        }
        catch (StoreException)
        {
            for (int atBytes = 0; atBytes < bytes.Length; atBytes += TryBytes)
            {
                Memory<byte> part = bytes.Slice(atBytes, Math.Min(TryBytes, bytes.Length - atBytes));
                lost.AddRange((await ReadAsync(store, blob, offsetBytes + atBytes, part, token))
                    .Select(found => (atBytes + found.AtBytes, found.LengthBytes)));
            }

            return lost;
        }
    }

    private static CorruptDataException Unreadable(Exception first, Exception last) =>
        (first as StoreException ?? last as StoreException) is { } failure
            ? new CorruptDataException(first.Message, failure)
            : new CorruptDataException(first.Message);

    private static async Task<(ParityGroup? Group, Exception? Complaint)> TryReadHeadAsync(
        IBlobStore store, RepositoryId repository, BlobName blob, long offsetBytes, CancellationToken token)
    {
        byte[] bytes = new byte[ParityHead.SizeBytes];
        try
        {
            int count = await store.TryReadAsync(blob, offsetBytes, bytes, token) ?? 0;
            return (ParityHead.Read(bytes.AsSpan(0, count), repository, blob.Path), null);
        }
        catch (Exception failure) when (failure is CorruptDataException or StoreException)
        {
            return (null, failure); // the other one says it too
        }
    }
}
