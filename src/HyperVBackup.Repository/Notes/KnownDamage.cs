using HyperVBackup.Format;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Notes;

/// <summary>What the repository's damage notes say, as of one reading: places that are no copies, and records of which
/// some copy is bad. Immutable and thread-safe.</summary>
internal sealed class KnownDamage
{
    private readonly HashSet<(PackName Pack, uint OffsetBytes)> records = [];
    private readonly HashSet<(PackName Pack, uint OffsetBytes)> secondCopies = [];
    private readonly HashSet<(PackName Pack, bool IsSecondCopy)> files = [];
    private readonly HashSet<Digest> ids = [];
    private readonly HashSet<(string File, long OffsetBytes)> replaced = [];
    private readonly bool isCoarse;

    /// <param name="isCoarse">Whether some of the places stand for records whose ids are not known here: then every
    /// record is doubtful.</param>
    public KnownDamage(IEnumerable<DamagedPlace> places, bool isCoarse = false)
    {
        this.isCoarse = isCoarse;
        Places = DamageNote.Sort(places);
        foreach (DamagedPlace place in Places)
        {
            if (place.IsFile)
            {
                files.Add((place.Pack, place.IsSecondCopy));
            }
            else
            {
                ids.Add(place.Id);
            }

            if (!place.IsFile && !place.Place.IsUnknown)
            {
                (place.IsSecondCopy ? secondCopies : records).Add((place.Pack, place.OffsetBytes));
            }

            if (place.State == DamageState.Replaced)
            {
                replaced.Add((place.BlobName, place.OffsetBytes));
            }
        }
    }

    /// <summary>Nothing is damaged.</summary>
    public static KnownDamage None { get; } = new([]);

    /// <summary>As a note lists them.</summary>
    public IReadOnlyList<DamagedPlace> Places { get; }

    /// <summary>Notes that could not be read: what they name is not known.</summary>
    public IReadOnlyList<StoredDamageNote> Unread { get; private init; } = [];

    public bool IsEmpty => Places.Count == 0;

    /// <summary>Records that are no copies, besides those of <see cref="BadPacks"/>.</summary>
    public IEnumerable<(PackName Pack, uint OffsetBytes)> BadRecords =>
        records.Union(secondCopies).Where(record => IsBad(record.Pack, record.OffsetBytes));

    /// <summary>Packs of which nothing counts as a copy, as a header or a footer or all of the file is damaged: of a
    /// map pack, in both files.</summary>
    public IEnumerable<PackName> BadPacks =>
        files.Where(file => !file.IsSecondCopy).Select(file => file.Pack).Where(pack => IsInBoth(pack, files.Contains));

    /// <summary>All that notes say.</summary>
    public static KnownDamage Of(IReadOnlyCollection<StoredDamageNote> notes) =>
        new(notes.SelectMany(note => note.Note?.Places ?? []))
        {
            Unread = [.. notes.Where(note => note.Note is null)],
        };

    /// <summary>Reads all notes.</summary>
    /// <exception cref="Storage.StoreException">The store cannot be listed.</exception>
    public static async Task<KnownDamage> ReadAsync(BackupRepository repository, CancellationToken token)
    {
        List<StoredDamageNote> notes =
            await new DamageNoteFiles(repository.Store, repository.Id).ReadAllAsync(token);
        return notes.Count == 0 ? None : Of(notes);
    }

    /// <summary>The same for one who relies on what is not noted: warns of notes that cannot be read.</summary>
    /// <exception cref="Storage.StoreException">The store cannot be listed.</exception>
    public static async Task<KnownDamage> ReadOrWarnAsync(BackupRepository repository, CancellationToken token)
    {
        KnownDamage known = await ReadAsync(repository, token);
        foreach (StoredDamageNote note in known.Unread)
        {
            WarnOfUnread(repository, note);
        }

        return known;
    }

    /// <summary>Warns of a note that cannot be read.</summary>
    public static void WarnOfUnread(BackupRepository repository, StoredDamageNote note) => repository.Warn(
        $"'{note.Name}' cannot be read ({note.Complaint?.TrimEnd('.')}): damage that only this note names is "
        + "taken for good until 'verify --read-data' finds it again.");

    /// <summary>Whether no record that lies there counts: of a map pack, in neither copy.</summary>
    public bool IsBad(PackName pack, uint offsetBytes) => !IsEmpty && IsInBoth(pack, file =>
        files.Contains(file) || (file.IsSecondCopy ? secondCopies : records).Contains((pack, offsetBytes)));

    /// <summary>Whether any copy of a record is bad, or all are gone: whoever relies on it looks for one that is not.
    /// </summary>
    public bool IsDoubtful(Digest id) => isCoarse || (ids.Count > 0 && ids.Contains(id));

    /// <summary>Whether nothing needs what lay at a place of a file.</summary>
    public bool IsReplaced(string file, long offsetBytes) => replaced.Contains((file, offsetBytes));

    private static bool IsInBoth(PackName pack, Func<(PackName Pack, bool IsSecondCopy), bool> isBad) =>
        isBad((pack, false)) && (pack.Kind == PackKind.Chunks || isBad((pack, true)));
}
