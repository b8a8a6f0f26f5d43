using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Records;
using HyperVBackup.Format.Rotation;
using HyperVBackup.Repository.Points;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance.Rotation;

/// <summary>Notes of what was verified as files: <c>verified/id</c>, put once and deleted by whoever put a newer one
/// (repo-format/verified-note.md). Thread-safe.</summary>
internal sealed class VerifiedNotes(IBlobStore store, RepositoryId repository)
{
    /// <summary>The notes there are: usually one, after runs at once more.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<List<StoredNote>> ReadAllAsync(CancellationToken token)
    {
        List<StoredNote> notes = [];
        await foreach (BlobName name in store.ListAsync(FileNames.VerifiedFolder, token))
        {
            if (SessionId.TryParse(name.Path.AsSpan(FileNames.VerifiedFolder.Length), out SessionId id)
                && await TryReadAsync(id, token) is { } note)
            {
                notes.Add(note);
            }
        }

        return notes;
    }

    /// <param name="id">Random, never used before.</param>
    /// <exception cref="StoreException">The store failed.</exception>
    public Task PutAsync(SessionId id, VerifiedNote note, CancellationToken token)
    {
        FileHeader header = new(FileKind.VerifiedNote, repository, FileNames.Verified(id));
        byte[] file = RecordFile.Write(header, note.Write(), Compression.None);
        return store.TryPutAsync(new BlobName(header.Name), file, token);
    }

    /// <exception cref="StoreException">The store failed.</exception>
    public Task DeleteAsync(SessionId id, CancellationToken token) =>
        store.DeleteAsync(new BlobName(FileNames.Verified(id)), token);

    /// <returns>Null where it is gone: a newer one is there.</returns>
    private async Task<StoredNote?> TryReadAsync(SessionId id, CancellationToken token)
    {
        string name = FileNames.Verified(id);
        try
        {
            byte[]? file = await SmallFile.TryReadAsync(store, name, FormatLimits.VerifiedFileLengthMaxBytes, token);
            return file is null ? null : new StoredNote(
                id, VerifiedNote.Read(RecordFile.Read(file, FileKind.VerifiedNote, repository, name)), null);
        }
        catch (Exception complaint) when (complaint is CorruptDataException or StoreException)
        {
            return new StoredNote(id, null, complaint.Message);
        }
    }
}
