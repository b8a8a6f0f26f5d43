using HyperVBackup.Format;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Repository.Packs;

namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>Heals headers and footers of packs; where that cannot be, copies the records that are left. One thread at a
/// time.</summary>
internal sealed class FrameHealing(
    BackupRepository repository, AbsentSet absent, Mending mending, NewCopies copies, Action<HealedPlace> healed)
{
    private readonly PlaceCheck check = new(repository);
    private readonly List<DamagedPlace> discovered = [];
    private readonly HashSet<string> salvaged = [];

    /// <summary>Damaged records found here. A pack that could not be opened when everything was checked may be open to
    /// all now, be it that only its header is mended: then its table names records that nobody has read.</summary>
    public IReadOnlyList<DamagedPlace> Discovered => discovered;

    /// <summary>Whether all that could be read of a file lies elsewhere too.</summary>
    public bool IsSalvaged(string file) => salvaged.Contains(file);

    /// <summary>Mends headers and footers, and reads the records of all packs concerned.</summary>
    /// <param name="hinted">What maps say of the packs.</param>
    /// <returns>Those that could not be mended.</returns>
    public async Task<List<DamagedPlace>> MendAsync(
        IReadOnlyList<DamagedPlace> places, HintedPacks hinted, CancellationToken token)
    {
        List<DamagedPlace> left = [];
        foreach (DamagedPlace frame in places.Where(place => place.IsFile).DistinctBy(place => place.BlobName))
        {
            token.ThrowIfCancellationRequested();
            left.AddRange(await TryMendAsync(frame, hinted.IsOwn(frame.Pack), token) ? [] : [frame]);
        }

        return left;
    }

    /// <summary>Copies what can be read of files that are not good yet. Whoever looks for records in one that is good,
    /// be it another pack than its name says, finds them there.</summary>
    /// <param name="isKnown">Whether parity, which could not heal it, tells what lay in a file. Where nothing does,
    /// what lies there is taken for what its name says.</param>
    public async Task SalvageAsync(
        IEnumerable<DamagedPlace> frames, HintedPacks hinted, Func<string, bool> isKnown, CancellationToken token)
    {
        foreach (DamagedPlace frame in frames)
        {
            bool isGood = await check.IsGoodAsync(frame, token)
                || (hinted.IsOwn(frame.Pack) is null && !isKnown(frame.BlobName)
                    && await TryMendAsync(frame, isOwn: true, token));
            _ = isGood && salvaged.Add(frame.BlobName);
            await (isGood ? Task.CompletedTask : SalvageAsync(frame, token));
        }
    }

    private async Task<bool> TryMendAsync(DamagedPlace frame, bool? isOwn, CancellationToken token)
    {
        string? from = await new FrameMending(repository, mending).TryMendAsync(frame, isOwn, token);
        if (from is not null)
        {
            healed(new HealedPlace(
                frame.BlobName, frame.OffsetBytes, "header or footer", from, IsMended: true));
        }

        discovered.AddRange(await FindBadRecordsAsync(frame, token));
        return from is not null;
    }

    private async Task<List<DamagedPlace>> FindBadRecordsAsync(DamagedPlace frame, CancellationToken token)
    {
        try
        {
            PackFile? file = await PackFile.TryOpenAsync(
                repository.Store, repository.Id, frame.Pack, frame.BlobName, token);
            IEnumerable<DamagedPlace> records = Enumerable.Range(0, file?.Table.Count ?? 0)
                .Select(index => file!.Table[index])
                .Select(entry => DamagedPlace.OfRecord(
                    new RecordPlace(frame.Pack, entry.OffsetBytes, entry.LengthBytes), entry.Type, entry.Id,
                    frame.IsSecondCopy));
            return await check.FindBadAsync(records, token);
        }
        catch (PackDamagedException)
        {
            return []; // it names no records
        }
    }

    /// <summary>Of a pack whose frame cannot be mended, nobody but readers who know the places finds anything: what is
    /// left of it, and lies nowhere else, is copied. Of a map pack also where one copy is gone: both must not hang on
    /// one file.</summary>
    private async Task SalvageAsync(DamagedPlace frame, CancellationToken token)
    {
        string from = frame.Pack.Kind == PackKind.Maps && !await check.ExistsAsync(frame, token)
            ? (frame with { IsSecondCopy = !frame.IsSecondCopy }).BlobName
            : frame.BlobName;
        List<PackEntry> found = await FindGoodAsync(frame.Pack, from, token);
        HashSet<(Digest, RecordType)> elsewhere = await new GoodCopies(repository, absent).FindAsync(
            frame.Pack.Kind, found, except: frame.Pack, token);
        List<PackEntry> wanted = found.FindAll(entry => !elsewhere.Contains(GoodCopies.KeyOf(entry)));
        foreach (PackEntry entry in wanted)
        {
            byte[] bytes = await ReadAsync(from, entry, token);
            await (check.IsRecord(bytes, entry.Type, entry.Id)
                ? copies.AddRecordAsync(entry, bytes, token)
                : Task.CompletedTask);
        }

        _ = found.Count > 0 && salvaged.Add(frame.BlobName);
        if (wanted.Count > 0)
        {
            healed(new HealedPlace(
                frame.BlobName, frame.OffsetBytes, $"{wanted.Count} records of a file that cannot be mended", from,
                IsMended: false));
        }
    }

    /// <summary>Records that are good, wherever others between them are not, and whatever the header says.</summary>
    private async Task<List<PackEntry>> FindGoodAsync(PackName pack, string from, CancellationToken token)
    {
        PackTable? table = await Packs.PackScan.TryReadAsync(
            repository.Store, repository.Id, pack, from, token, ofAnyFile: true);
        List<PackEntry> found = [];
        foreach (PackEntry entry in table?.Entries.OrderBy(entry => entry.OffsetBytes) ?? Enumerable.Empty<PackEntry>())
        {
            if (check.IsRecord(await ReadAsync(from, entry, token), entry.Type, entry.Id))
            {
                found.Add(entry);
            }
        }

        return found;
    }

    private Task<byte[]> ReadAsync(string file, PackEntry entry, CancellationToken token) =>
        Mending.ReadAsync(repository.Store, file, entry.OffsetBytes, checked((int)entry.LengthBytes), token);
}
