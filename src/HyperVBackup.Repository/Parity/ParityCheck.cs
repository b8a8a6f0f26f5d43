using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Parity;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Parity;

/// <summary>Checks parity files by themselves: heads and lengths, and, when asked to, every block. One thread at a
/// time.</summary>
internal sealed class ParityCheck(IBlobStore store, RepositoryId repository)
{
    public long BytesRead { get; private set; }

    /// <summary>Packs that are missing, each with a parity file that names it.</summary>
    public Dictionary<PackName, PackName> Missing { get; } = [];

    /// <summary>Packs that are not as long as parity files know them.</summary>
    public HashSet<PackName> Changed { get; } = [];

    /// <param name="found">Told where something is wrong, and what.</param>
    public async Task RunAsync(
        PackName name, bool readBlocks, Action<long, string> found, CancellationToken token)
    {
        ParityFile? file;
        try
        {
            file = await ParityFile.TryOpenAsync(store, repository, name, token);
        }
        catch (CorruptDataException complaint)
        {
            found(0, complaint.Message);
            return;
        }

        if (file is null)
        {
            return; // collected meanwhile: nothing rests on it
        }

        foreach ((long offsetBytes, string what) in file.Complaints)
        {
            found(offsetBytes, what);
        }

        for (int index = 0; index < file.Group.Packs.Count; index++)
        {
            PackName pack = file.Group.NameOf(index);
            long? lengthBytes = await store.TryGetLengthAsync(new BlobName(pack.BlobName), token);
            if (lengthBytes is null)
            {
                Missing[pack] = name;
            }
            else if (lengthBytes != file.Group.Packs[index].LengthBytes)
            {
                Changed.Add(pack);
            }
        }

        if (readBlocks)
        {
            await CheckBlocksAsync(file, found, token);
        }
    }

    private async Task CheckBlocksAsync(ParityFile file, Action<long, string> found, CancellationToken token)
    {
        ParityStripe stripe = new(file.Group);
        for (int number = 0; number < file.Group.StripeCount; number++)
        {
            stripe.Begin(number);
            await file.ReadStripeAsync(store, stripe, token);
            BytesRead += file.Group.StripeStartBytes(number + 1) - file.Group.StripeStartBytes(number);
            long startBytes = file.Group.StripeStartBytes(number);
            long secondBytes = file.Group.StripeStartBytes(number + 1) - stripe.Checksums.Length;
            stripe.FindDamage((isSecond, page) => found(
                (isSecond ? secondBytes : startBytes) + ((long)page * FormatLimits.ParityBlockSizeBytes),
                "parity checksums: checksum"));
            TellBlocks(stripe, startBytes + stripe.Checksums.Length, found);
        }
    }

    /// <summary>Damaged blocks that follow each other are one place.</summary>
    private static void TellBlocks(ParityStripe stripe, long startBytes, Action<long, string> found)
    {
        int blockCount = stripe.Group.ParityColumnCount * stripe.RowCount;
        bool isInside = false;
        for (int block = 0; block < blockCount; block++)
        {
            BlockState state = stripe.StateOf(
                stripe.Group.DataColumnCount + (block / stripe.RowCount), block % stripe.RowCount);
            if (state == BlockState.Lost && !isInside)
            {
                found(startBytes + ((long)block * FormatLimits.ParityBlockSizeBytes), "parity block: checksum");
            }

            isInside = state == BlockState.Lost;
        }
    }
}
