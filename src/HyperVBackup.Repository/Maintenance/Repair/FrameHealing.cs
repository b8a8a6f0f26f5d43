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
            discovered.AddRange(await FindBadRecordsAsync(frame, token));
        }

        return left;
    }

    /// <summary>Copies what can be read of files that are not good yet. Whoever looks for records in one that is good,
    /// be it another pack than its name says, finds them there.</summary>
    /// <param name="isKnown">Whether parity, which could not heal it, tells what lay in a file. Where nothing does, what
    /// lies there is taken for what its name says.</param>
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
        List<PackEntry> found = [];
        await foreach ((PackEntry entry, _) in new PackScan(repository.Store, check, frame.Pack, from).ReadAsync(token))
        {
            found.Add(entry);
        }

        HashSet<(Digest, RecordType)> elsewhere = await new GoodCopies(repository, absent).FindAsync(
            frame.Pack.Kind, found, except: frame.Pack, token);
        HashSet<uint> wanted =
            [.. found.Where(entry => !elsewhere.Contains(GoodCopies.KeyOf(entry))).Select(entry => entry.OffsetBytes)];
        await foreach ((PackEntry entry, byte[] bytes) in
            new PackScan(repository.Store, check, frame.Pack, from).ReadAsync(token))
        {
            await (wanted.Contains(entry.OffsetBytes)
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
}
