using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Parity;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Parity;

/// <summary>Makes the parity file of a group: reads its packs back, stripe by stripe. Static.</summary>
internal static class ParityWriting
{
    /// <param name="name">Of the file: of the session that makes it.</param>
    /// <param name="progress">Told how many bytes of packs are done.</param>
    /// <returns>The length of the file; null, and nothing is there, where the packs cannot be read in full.</returns>
    /// <exception cref="StoreException">The store is full or failed.</exception>
    public static async Task<long?> TryMakeAsync(
        IBlobStore store, RepositoryId repository, PackName name, ParityGroup group, Action<long> progress,
        CancellationToken token)
    {
        for (int pack = 0; pack < group.Packs.Count; pack++)
        {
            BlobName blob = new(group.NameOf(pack).BlobName);
            if (await store.TryGetLengthAsync(blob, token) != group.Packs[pack].LengthBytes)
            {
                return null;
            }
        }

        byte[] head = ParityHead.Write(repository, name.BlobName, group);
        await using IBlobWriter writer = await store.CreateAsync(new BlobName(name.BlobName), token);
        await writer.AppendAsync(head, token);
        ParityStripe stripe = new(group);
        for (int number = 0; number < group.StripeCount; number++)
        {
            token.ThrowIfCancellationRequested();
            stripe.Begin(number);
            if (!await ParityFile.ReadDataAsync(store, stripe, _ => true, token))
            {
                return null;
            }

            stripe.Encode();
            await writer.AppendAsync(stripe.Checksums, token);
            await writer.AppendAsync(stripe.Parity, token);
            await writer.AppendAsync(stripe.Checksums, token);
            progress(group.PackBytes * (number + 1) / group.StripeCount);
        }

        await writer.AppendAsync(head, token);
        Invariant.Check(writer.LengthBytes == group.FileLengthBytes);
        bool isPublished = await writer.TryPublishAsync(token);
        Invariant.Check(isPublished);
        return group.FileLengthBytes;
    }
}
