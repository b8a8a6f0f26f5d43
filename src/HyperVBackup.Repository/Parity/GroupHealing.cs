using System.Runtime.CompilerServices;
using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Parity;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maintenance.Repair;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Parity;

/// <summary>
/// Heals the packs of one group. <see cref="ComputeAsync"/> reads all of it once, computes what is damaged, and proves
/// each pack that it can make whole by all the pack's own checksums; it writes nothing. Then packs and the parity file
/// may be mended one by one. Keeps what it computed in memory: at most as much as the parity file has. One thread at a
/// time.
/// </summary>
internal sealed class GroupHealing(
    IBlobStore store, RepositoryId repository, ContentHasher hasher, ParityFile file)
{
    private const int PartBytesMax = 8 << 20;

    private readonly MendedStore view = new(store);
    private readonly Dictionary<PackName, long?> lengths = [];
    private readonly long[] damagedBytes = new long[file.Group.Packs.Count];
    private readonly long[] lostBytes = new long[file.Group.Packs.Count];
    private long lostParityBytes;

    private ParityGroup Group => file.Group;

    /// <summary>The store in which the group's packs read as they were published, as far as they could be computed,
    /// missing ones too. New packs can be put through it.</summary>
    public IBlobStore View => view;

    /// <summary>Bytes read.</summary>
    public long ReadBytes { get; private set; }

    /// <summary>Whether the parity file itself is not as it was published.</summary>
    public bool IsParityDamaged { get; private set; }

    /// <summary>Whether the parity file's bytes are all known: its packs are, and nothing stands behind its end.
    /// </summary>
    public bool CanMendParity =>
        lostParityBytes == 0
        && Packs.All(pack => pack.Fate != PackFate.Lost)
        && file.LengthBytes <= Group.FileLengthBytes;

    /// <summary>What was found; filled by <see cref="ComputeAsync"/>.</summary>
    public IReadOnlyList<HealedPack> Packs { get; private set; } = [];

    /// <param name="suspects">Packs that are held against their own checksums also where parity finds no fault: it may
    /// have been made of what was damaged already.</param>
    /// <param name="progress">Told how many bytes of packs are done, of <see cref="ParityGroup.PackBytes"/>.</param>
    /// <exception cref="StoreException">The store is missing.</exception>
    public async Task ComputeAsync(
        IReadOnlySet<PackName> suspects, Action<long> progress, CancellationToken token)
    {
        for (int pack = 0; pack < Group.Packs.Count; pack++)
        {
            BlobName blob = new(Group.NameOf(pack).BlobName);
            lengths[Group.NameOf(pack)] = await store.TryGetLengthAsync(blob, token);
            view.NoteLength(blob, Group.Packs[pack].LengthBytes);
        }

        view.NoteLength(new BlobName(file.Name.BlobName), Group.FileLengthBytes);
        NoteHeads();
        ParityStripe stripe = new(Group);
        for (int number = 0; number < Group.StripeCount; number++)
        {
            token.ThrowIfCancellationRequested();
            await ComputeStripeAsync(stripe, number, token);
            progress(Group.PackBytes * (number + 1) / Group.StripeCount);
        }

        Packs = await JudgeAsync(suspects, token);
    }

    /// <summary>Writes the bytes that a mendable pack lost where they were, and nothing but these, and then holds the
    /// whole pack as it lies there against its checksums.</summary>
    /// <returns>False where the pack is gone, or is not whole now all the same.</returns>
    /// <exception cref="StoreException">The store is missing.</exception>
    public async Task<bool> TryMendAsync(PackName pack, Mending mending, CancellationToken token)
    {
        Invariant.Check(Packs.Any(one => one.Name == pack && one.Fate == PackFate.Mendable));
        return await MendBlobAsync(new BlobName(pack.BlobName), mending, token)
            && await FindFaultAsync(store, pack, token) is null;
    }

    /// <summary>Mends the parity file, which takes that all of its packs are known and proven.</summary>
    /// <returns>False where that is not so, the file is gone, or it does not read as it was written.</returns>
    /// <exception cref="StoreException">The store is missing.</exception>
    public async Task<bool> TryMendParityAsync(Mending mending, CancellationToken token) =>
        CanMendParity && await MendBlobAsync(new BlobName(file.Name.BlobName), mending, token);

    /// <summary>What a pack's footer tells of its records, in the order of their places.</summary>
    /// <exception cref="PackDamagedException">The pack's own footer is lost.</exception>
    public async Task<List<PackEntry>> ReadEntriesAsync(PackName pack, CancellationToken token)
    {
        PackFile? opened = await PackFile.TryOpenAsync(view, repository, pack, pack.BlobName, token);
        return [.. Enumerable.Range(0, opened?.Table.Count ?? 0).Select(index => opened!.Table[index])
            .OrderBy(entry => entry.OffsetBytes)];
    }

    /// <summary>The records of a pack as they were published, in the order of their places: those of a pack that is
    /// lost as far as they were computed, and but for those that can neither be computed nor read. Each is to be held
    /// against its checksum and id.</summary>
    /// <exception cref="PackDamagedException">The pack's own footer is lost.</exception>
    /// <exception cref="StoreException">The store is missing.</exception>
    public async IAsyncEnumerable<(PackEntry Entry, ReadOnlyMemory<byte> Bytes)> ReadRecordsAsync(
        PackName pack, [EnumeratorCancellation] CancellationToken token)
    {
        BlobName blob = new(pack.BlobName);
        foreach (PackEntry entry in await ReadEntriesAsync(pack, token))
        {
            byte[] bytes = new byte[entry.LengthBytes];
            if (await TryReadAsync(blob, entry.OffsetBytes, bytes, token))
            {
                yield return (entry, bytes);
            }
        }
    }

    /// <returns>False where a sector is bad of which parity does not know the bytes either.</returns>
    private async Task<bool> TryReadAsync(BlobName blob, long offsetBytes, byte[] bytes, CancellationToken token)
    {
        try
        {
            await view.TryReadAsync(blob, offsetBytes, bytes, token);
            return true;
        }
        catch (StoreException)
        {
            await store.TryGetLengthAsync(blob, token); // which fails where it is the whole store
            return false;
        }
    }

    private async Task ComputeStripeAsync(ParityStripe stripe, int number, CancellationToken token)
    {
        stripe.Begin(number);
        await ParityFile.ReadDataAsync(store, stripe, pack => lengths[pack] is not null, token);
        await file.ReadStripeAsync(store, stripe, token);
        ReadBytes += (long)stripe.RowCount * Group.ColumnCount * FormatLimits.ParityBlockSizeBytes;
        List<(bool IsSecond, int Page)> pages = [];
        stripe.FindDamage((isSecond, page) => pages.Add((isSecond, page)));
        stripe.Heal();
        for (int column = 0; column < Group.ColumnCount; column++)
        {
            for (int row = 0; row < stripe.RowCount; row++)
            {
                if (stripe.StateOf(column, row) != BlockState.Good)
                {
                    NoteBlock(stripe, column, row);
                }
            }
        }

        NotePages(stripe, pages);
    }

    private void NoteBlock(ParityStripe stripe, int column, int row)
    {
        bool isLost = stripe.StateOf(column, row) != BlockState.Healed;
        ReadOnlySpan<byte> bytes = stripe.Block(column, row).Span;
        if (column < Group.DataColumnCount)
        {
            ParitySpan place = Group.PlaceOf(column, (stripe.Number * Group.RowsPerStripe) + row);
            damagedBytes[place.Pack] += place.LengthBytes;
            lostBytes[place.Pack] += isLost ? place.LengthBytes : 0;
            if (!isLost)
            {
                BlobName blob = new(Group.NameOf(place.Pack).BlobName);
                view.Note(blob, place.OffsetBytes, bytes[..place.LengthBytes]);
            }
        }
        else
        {
            IsParityDamaged = true;
            lostParityBytes += isLost ? bytes.Length : 0;
            if (!isLost)
            {
                int atBlock = ((column - Group.DataColumnCount) * stripe.RowCount) + row;
                NoteParity(
                    Group.StripeStartBytes(stripe.Number) + stripe.Checksums.Length
                    + ((long)atBlock * FormatLimits.ParityBlockSizeBytes),
                    bytes);
            }
        }
    }

    /// <summary>Pages of checksums are made anew of the blocks; where blocks are lost, nothing is mended anyway.
    /// </summary>
    private void NotePages(ParityStripe stripe, List<(bool IsSecond, int Page)> pages)
    {
        if (pages.Count == 0)
        {
            return;
        }

        IsParityDamaged = true;
        stripe.WriteChecksums();
        long startBytes = Group.StripeStartBytes(stripe.Number);
        long secondBytes = Group.StripeStartBytes(stripe.Number + 1) - stripe.Checksums.Length;
        foreach ((bool isSecond, int page) in pages)
        {
            int atBytes = page * FormatLimits.ParityBlockSizeBytes;
            NoteParity(
                (isSecond ? secondBytes : startBytes) + atBytes,
                stripe.Checksums.Span.Slice(atBytes, FormatLimits.ParityBlockSizeBytes));
        }
    }

    private void NoteHeads()
    {
        IsParityDamaged = file.Complaints.Count > 0 || file.LengthBytes != Group.FileLengthBytes;
        if (IsParityDamaged)
        {
            byte[] head = ParityHead.Write(repository, file.Name.BlobName, Group);
            NoteParity(0, head);
            NoteParity(Group.FileLengthBytes - head.Length, head);
        }
    }

    private void NoteParity(long offsetBytes, ReadOnlySpan<byte> bytes) =>
        view.Note(new BlobName(file.Name.BlobName), offsetBytes, bytes);

    private async Task<IReadOnlyList<HealedPack>> JudgeAsync(
        IReadOnlySet<PackName> suspects, CancellationToken token)
    {
        HealedPack[] packs = new HealedPack[Group.Packs.Count];
        await Parallel.ForEachAsync(Enumerable.Range(0, packs.Length), token, async (pack, ending) =>
        {
            PackName name = Group.NameOf(pack);
            long lengthBytes = Group.Packs[pack].LengthBytes;
            bool isUntouched = damagedBytes[pack] == lostBytes[pack] && lengths[name] == lengthBytes;
            bool isWhole = isUntouched && damagedBytes[pack] == 0 && !suspects.Contains(name);
            string? fault = isWhole ? null : await FindFaultAsync(view, name, ending);
            string? complaint = fault is null ? null : $"what parity makes of it is not what it was ({fault})";
            PackFate fate = complaint is not null ? PackFate.Lost
                : isUntouched ? PackFate.Whole
                : lengths[name] is null || lengths[name] > lengthBytes ? PackFate.Copyable
                : PackFate.Mendable;
            if (complaint is not null && lostBytes[pack] > 0)
            {
                complaint = $"{lostBytes[pack]} bytes of it are more than parity makes good";
            }

            packs[pack] = new HealedPack(name, lengthBytes, fate, damagedBytes[pack], lostBytes[pack], complaint);
        });
        return packs;
    }

    /// <summary>Every byte of a pack is under a checksum of its own, of 16 bytes; so a pack that has no fault is the
    /// very one that was published.</summary>
    private async Task<string?> FindFaultAsync(IBlobStore from, PackName pack, CancellationToken token)
    {
        string? fault = null;
        PackCheck check = new(from, repository, hasher);
        await check.RunAsync(
            pack, pack.BlobName, PackParts.All,
            (_, what, _) => fault ??= what, (_, what) => fault ??= what, token);
        return fault;
    }

    /// <summary>Writes all that can be written, and reads it back: a place that cannot be keeps no other from it.
    /// </summary>
    private async Task<bool> MendBlobAsync(BlobName blob, Mending mending, CancellationToken token)
    {
        bool isMended = true;
        foreach ((long offsetBytes, long lengthBytes) in view.PartsOf(blob, PartBytesMax))
        {
            byte[] bytes = new byte[lengthBytes];
            await view.TryReadAsync(blob, offsetBytes, bytes, token);
            bool isWritten = await mending.WriteAsync(blob.Path, offsetBytes, bytes, token);
            byte[] found = isWritten
                ? await Mending.ReadAsync(store, blob.Path, offsetBytes, bytes.Length, token)
                : [];
            isMended &= found.AsSpan().SequenceEqual(bytes);
        }

        return isMended;
    }
}
