using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Packs;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Takes a record into another pack as it is, once it was decoded and hashed to its id. One thread at a time.
/// </summary>
internal sealed class CheckedRecord(ContentHasher hasher, int chunkSizeBytes)
{
    private readonly byte[] chunk = new byte[chunkSizeBytes];
    private readonly Digest[] pages = new Digest[chunkSizeBytes / FormatLimits.PageSizeBytes];

    /// <summary>Notes a record in a pack, to which the caller appends its bytes.</summary>
    /// <returns>False where the record is not good; nothing is noted then.</returns>
    public bool TryNote(PackBuilder pack, in StoredRecord expected, ReadOnlySpan<byte> bytes)
    {
        try
        {
            Record record = Record.Read(bytes);
            if (record.Id != expected.Id || record.Type != expected.Type || record.TotalLengthBytes != bytes.Length)
            {
                return false;
            }

            PackEntry entry = PackEntry.Of(record, offsetBytes: 0);
            return expected.Type switch
            {
                RecordType.Whole => TryNoteChunk(pack, entry, record),
                RecordType.Delta => NoteRecipe(pack, entry, DeltaRecord.Read(record, pages.Length)),
                _ => TryNoteMap(pack, entry, PlainRecord.Read(record)),
            };
        }
        catch (CorruptDataException)
        {
            return false;
        }
    }

    private bool TryNoteChunk(PackBuilder pack, in PackEntry entry, in Record record)
    {
        ChunkRecord.Decode(record, chunk);
        if (hasher.IdOfChunk(chunk, pages).Value != entry.Id)
        {
            return false;
        }

        pack.Note(entry, pages);
        return true;
    }

    private static bool NoteRecipe(PackBuilder pack, in PackEntry entry, Recipe recipe)
    {
        pack.Note(entry, recipe);
        return true;
    }

    private bool TryNoteMap(PackBuilder pack, in PackEntry entry, ReadOnlySpan<byte> plain)
    {
        Digest found = entry.Type == RecordType.Node
            ? hasher.IdOfNode(MapNode.HashedPartOf(plain)).Value
            : hasher.IdOfList(plain).Value;
        if (found != entry.Id)
        {
            return false;
        }

        pack.Note(entry, []);
        return true;
    }
}
