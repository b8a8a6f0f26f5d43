using HyperVBackup.Format.Packs;

namespace HyperVBackup.Format.Maps;

/// <summary>
/// How a restore point names a list, as in repo-format/lists.md. An empty list is not stored: its reference has the
/// zero id and no entries, which is not the same as having no list.
/// </summary>
/// <param name="Head">The list's head; of a configuration file the file's own record.</param>
/// <param name="EntryCount">Entries in all segments; 1 for a configuration file.</param>
/// <param name="Place">A hint where the record named lies; <c>default</c> where not known.</param>
public readonly record struct ListReference(ListKind Kind, ListId Head, long EntryCount, RecordPlace Place)
{
    internal const int KindAt = 0;
    internal const int HeadAt = KindAt + sizeof(byte);
    internal const int EntryCountAt = HeadAt + Digest.SizeBytes;
    internal const int PlaceAt = EntryCountAt + sizeof(ulong);
    internal const int SizeBytes = PlaceAt + StoredPlace.SizeBytes;

    internal bool IsValid =>
        Kind is ListKind.Changes or ListKind.ReportedRanges or ListKind.AuditedRanges or ListKind.ConfigurationFile
        && EntryCount >= 0
        && Head.IsZero == (EntryCount == 0)
        && (EntryCount > 0 || Place.IsUnknown)
        && (Kind != ListKind.ConfigurationFile || EntryCount == 1);

    internal void WriteTo(BodyWriter body)
    {
        if (!IsValid)
        {
            throw new ArgumentException($"{this} is no reference to a list.");
        }

        body.Byte((byte)Kind);
        body.Digest(Head.Value);
        body.Count(EntryCount);
        StoredPlace.Write(Place, PackKind.Maps, body.Reserve(StoredPlace.SizeBytes));
    }

    internal static ListReference Read(ref BodyReader body)
    {
        ListReference reference = new(
            (ListKind)body.Byte("list kind"),
            new ListId(body.Digest("list id")),
            body.Count("list entry count"),
            StoredPlace.Read(body.Bytes(StoredPlace.SizeBytes, "list place"), PackKind.Maps));
        body.Require(reference.IsValid, "list reference");
        return reference;
    }
}
