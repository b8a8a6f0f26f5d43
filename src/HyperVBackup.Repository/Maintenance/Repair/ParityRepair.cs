using HyperVBackup.Format;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Parity;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>
/// Heals chunk packs from parity: mends them where they lie, or stores anew what records of them are known again.
/// Used once.
/// </summary>
internal sealed class ParityRepair(
    BackupRepository repository, AbsentSet absent, NewCopies copies, Action<HealedPlace> healed,
    IProgress<RepairProgress> progress)
{
    private const string From = "parity";
    private readonly IBlobStore store = repository.Store;
    private readonly PlaceCheck check = new(repository);
    private readonly HashSet<string> copied = [];
    private readonly HashSet<string> left = [];

    /// <summary>Bytes read of packs and parity.</summary>
    public long ReadBytes { get; private set; }

    /// <summary>Bytes that were damaged and are mended.</summary>
    public long MendedBytes { get; private set; }

    /// <summary>Whether all of a pack's records are stored anew.</summary>
    public bool IsCopied(string file) => copied.Contains(file);

    /// <summary>Whether this is a parity file that is damaged and could not be mended.</summary>
    public bool IsLeft(string file) => left.Contains(file);

    /// <param name="places">What is damaged, of records and of files.</param>
    /// <param name="files">More files in which something is damaged; only those of parity count.</param>
    /// <returns>The records of <paramref name="places"/> that other sources are to heal.</returns>
    public async Task<List<DamagedPlace>> RunAsync(
        IReadOnlyCollection<DamagedPlace> places, IEnumerable<string> files, CancellationToken token)
    {
        HashSet<PackName> damaged = [.. places.Select(place => place.Pack).Where(pack => pack.Kind == PackKind.Chunks)];
        foreach (string file in files)
        {
            _ = PackName.TryParse(file, out PackName name) && name.Kind == PackKind.Parity && damaged.Add(name);
        }

        if (places.Any(place => place.Pack == default))
        {
            await AddChangedAsync(damaged, token);
        }

        if (damaged.Count > 0)
        {
            ParityHealing healing = new(
                store, repository.Id, repository.Hasher, new Mending(store, repository.Warn));
            Tell(await healing.RunAsync(damaged, isDryRun: false, CopyAsync, new Told(progress), token));
            await copies.PublishAsync(token);
        }

        return await LeftOfAsync([.. places.Where(place => !place.IsFile)], token);
    }

    /// <summary>A pack that is gone, or that looks sound with another length than it had, is known by nothing but its
    /// parity; one that a collection deletes is not missing.</summary>
    private async Task AddChangedAsync(HashSet<PackName> damaged, CancellationToken token)
    {
        List<ParityFile> files = await new ParityFiles(store, repository.Id).OpenAllAsync((_, _) => { }, token);
        foreach (ParityFile file in files)
        {
            for (int index = 0; index < file.Group.Packs.Count; index++)
            {
                PackName pack = file.Group.NameOf(index);
                _ = !absent.Contains(pack)
                    && await store.TryGetLengthAsync(new BlobName(pack.BlobName), token)
                        != file.Group.Packs[index].LengthBytes
                    && damaged.Add(pack);
            }
        }
    }

    private void Tell(ParityHealingReport report)
    {
        ReadBytes += report.ReadBytes;
        foreach (HealedPack pack in report.Packs.Where(pack => pack.Fate == PackFate.Mendable))
        {
            MendedBytes += pack.DamagedBytes;
            healed(new HealedPlace(
                pack.Name.BlobName, 0, $"{pack.DamagedBytes} bytes in damaged blocks", From, IsMended: true));
        }

        foreach (PackName name in report.ParityMended)
        {
            healed(new HealedPlace(name.BlobName, 0, "the parity", "its packs", IsMended: true));
        }

        left.ExceptWith(report.ParityMended.Select(name => name.BlobName));
        left.UnionWith(report.ParityLeft.Select(name => name.BlobName));
    }

    /// <summary>Stores anew what is nowhere good, be it in the pack itself.</summary>
    private async Task CopyAsync(GroupHealing group, HealedPack pack, CancellationToken token)
    {
        int count = 0;
        try
        {
            HashSet<uint> wanted = await WantedAsync(group, pack.Name, token);
            await foreach ((PackEntry entry, ReadOnlyMemory<byte> bytes) in group.ReadRecordsAsync(pack.Name, token))
            {
                if (wanted.Contains(entry.OffsetBytes) && check.IsRecord(bytes.Span, entry.Type, entry.Id))
                {
                    await copies.AddRecordAsync(entry, bytes.ToArray(), token);
                    count++;
                }
            }
        }
        catch (PackDamagedException)
        {
            return; // of its footer too much is lost to find any record
        }

        _ = pack.Fate == PackFate.Copyable && copied.Add(pack.Name.BlobName);
        if (count > 0)
        {
            healed(new HealedPlace(pack.Name.BlobName, 0, $"{count} records", From, IsMended: false));
        }
    }

    /// <returns>Where the records begin of which no pack has a good copy.</returns>
    private async Task<HashSet<uint>> WantedAsync(GroupHealing group, PackName pack, CancellationToken token)
    {
        List<PackEntry> wanted = [];
        await foreach ((PackEntry entry, _) in group.ReadRecordsAsync(pack, token))
        {
            wanted.Add(entry);
        }

        PackTables tables = repository.NewTables(absent);
        PackListing listing = new(store, tables);
        foreach (PackName other in await listing.ListAsync(_ => { }, token))
        {
            if (other.Kind == PackKind.Chunks && await tables.TryGetAsync(other, token) is PackTable table)
            {
                List<PackEntry> still = [];
                foreach (PackEntry entry in wanted)
                {
                    still.AddRange(await HasGoodAsync(other, table, entry, token) ? [] : [entry]);
                }

                wanted = still;
            }
        }

        return [.. wanted.Select(entry => entry.OffsetBytes)];
    }

    private async Task<bool> HasGoodAsync(PackName pack, PackTable table, PackEntry wanted, CancellationToken token)
    {
        foreach (PackEntry entry in table.FindAll(wanted.Id).Where(entry => entry.Type == wanted.Type))
        {
            RecordPlace place = new(pack, entry.OffsetBytes, entry.LengthBytes);
            if (await check.IsGoodAsync(DamagedPlace.OfRecord(place, entry.Type, entry.Id), token))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Records that are not mended, of ids that no copy, new ones too, gives yet.</summary>
    private async Task<List<DamagedPlace>> LeftOfAsync(List<DamagedPlace> places, CancellationToken token)
    {
        if (copied.Count == 0 && MendedBytes == 0 && copies.BytesWritten == 0)
        {
            return places;
        }

        RecordReader records = new(store, repository.Hasher, repository.NewTables(absent));
        byte[] chunk = new byte[repository.Settings.ChunkSizeBytes];
        List<DamagedPlace> open = [];
        foreach (DamagedPlace place in places)
        {
            bool isHealed = place.Type is RecordType.Whole or RecordType.Delta
                && (place.Pack == default || copies.Has(place.Id, place.Type)
                    ? await records.IsReadableAsync(place.Type, place.Id, chunk, token)
                    : await check.IsGoodAsync(place, token));
            open.AddRange(isHealed ? [] : [place]);
        }

        return open;
    }

    private sealed class Told(IProgress<RepairProgress> progress) : IProgress<(long DoneBytes, long TotalBytes)>
    {
        public void Report((long DoneBytes, long TotalBytes) value) => progress.Report(
            new RepairProgress("compute from parity", value.DoneBytes, value.TotalBytes, value.DoneBytes));
    }
}
