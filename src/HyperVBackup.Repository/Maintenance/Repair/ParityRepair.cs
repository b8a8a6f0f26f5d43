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
    private readonly GoodCopies good = new(repository, absent);
    private readonly Dictionary<PackName, List<PackEntry>> wanted = [];
    private readonly HashSet<string> copied = [];
    private readonly HashSet<string> known = [];
    private readonly HashSet<string> left = [];

    /// <summary>Bytes read of packs and parity.</summary>
    public long ReadBytes { get; private set; }

    /// <summary>Bytes that were damaged and are mended.</summary>
    public long MendedBytes { get; private set; }

    /// <summary>Whether all of a pack's records are stored anew.</summary>
    public bool IsCopied(string file) => copied.Contains(file);

    /// <summary>Whether parity tells what a pack that was damaged held.</summary>
    public bool Knows(string file) => known.Contains(file);

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
        known.UnionWith(report.Packs.Select(pack => pack.Name.BlobName));
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
            HashSet<uint> offsets = await WantedAsync(group, pack.Name, token);
            await foreach ((PackEntry entry, ReadOnlyMemory<byte> bytes) in group.ReadRecordsAsync(pack.Name, token))
            {
                if (offsets.Contains(entry.OffsetBytes) && check.IsRecord(bytes.Span, entry.Type, entry.Id))
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

    /// <summary>The packs of a group that are to be copied are asked about together.</summary>
    /// <returns>Where the records begin of which no pack has a good copy.</returns>
    /// <exception cref="PackDamagedException">The pack's own footer is lost.</exception>
    private async Task<HashSet<uint>> WantedAsync(GroupHealing group, PackName pack, CancellationToken token)
    {
        if (!wanted.ContainsKey(pack))
        {
            Dictionary<PackName, List<PackEntry>> asked = new() { [pack] = await group.ReadEntriesAsync(pack, token) };
            foreach (HealedPack other in group.Packs.Where(other => other.Name != pack
                && other.Fate is PackFate.Copyable or PackFate.Lost && !wanted.ContainsKey(other.Name)))
            {
                asked[other.Name] = await TryReadEntriesAsync(group, other.Name, token);
            }

            HashSet<(Digest Id, RecordType Type)> found =
                await good.FindAsync(
                    PackKind.Chunks, asked.Values.SelectMany(entries => entries), except: default, token);
            foreach ((PackName name, List<PackEntry> entries) in asked)
            {
                wanted[name] = [.. entries.Where(entry => !found.Contains((entry.Id, entry.Type)))];
            }
        }

        return [.. wanted[pack].Select(entry => entry.OffsetBytes)];
    }

    private static async Task<List<PackEntry>> TryReadEntriesAsync(
        GroupHealing group, PackName pack, CancellationToken token)
    {
        try
        {
            return await group.ReadEntriesAsync(pack, token);
        }
        catch (PackDamagedException)
        {
            return []; // as when it is its turn
        }
    }

    /// <summary>Records that are not mended, of ids that no copy, new ones too, gives yet.</summary>
    private async Task<List<DamagedPlace>> LeftOfAsync(List<DamagedPlace> places, CancellationToken token)
    {
        if (copied.Count == 0 && MendedBytes == 0 && copies.BytesWritten == 0)
        {
            return places;
        }

        HashSet<Digest> readable = [];
        await new ChunkHarvest(repository, absent).RunAsync(
            places.Where(IsLookedFor).Select(place => place.Id).ToHashSet(),
            (id, _) => Task.FromResult(readable.Add(id)), token);
        List<DamagedPlace> open = [];
        foreach (DamagedPlace place in places)
        {
            bool isHealed = IsChunk(place)
                && (IsLookedFor(place) ? readable.Contains(place.Id) : await check.IsGoodAsync(place, token));
            open.AddRange(isHealed ? [] : [place]);
        }

        return open;
    }

    private static bool IsChunk(DamagedPlace place) => place.Type is RecordType.Whole or RecordType.Delta;

    /// <summary>Whether any copy of a place's chunk will do.</summary>
    private bool IsLookedFor(DamagedPlace place) =>
        IsChunk(place) && (place.Pack == default || copies.Has(place.Id, place.Type));

    private sealed class Told(IProgress<RepairProgress> progress) : IProgress<(long DoneBytes, long TotalBytes)>
    {
        public void Report((long DoneBytes, long TotalBytes) value) => progress.Report(
            new RepairProgress("compute from parity", value.DoneBytes, value.TotalBytes, value.DoneBytes));
    }
}
