using System.Runtime.CompilerServices;
using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Points;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Notes;

/// <summary>Damage notes as files: <c>damaged/id</c>, put once. Thread-safe.</summary>
internal sealed class DamageNoteFiles(IBlobStore store, RepositoryId repository)
{
    /// <summary>All notes; those that cannot be read too. Costs one listing where there are none.</summary>
    /// <exception cref="StoreException">The store cannot be listed.</exception>
    public async Task<List<StoredDamageNote>> ReadAllAsync(CancellationToken token)
    {
        List<StoredDamageNote> notes = [];
        await foreach (StoredDamageNote note in ReadEachAsync(token))
        {
            notes.Add(note);
        }

        return notes;
    }

    /// <summary>The same one by one, for who keeps less than all they say.</summary>
    /// <exception cref="StoreException">The store cannot be listed.</exception>
    public async IAsyncEnumerable<StoredDamageNote> ReadEachAsync([EnumeratorCancellation] CancellationToken token)
    {
        await foreach (BlobName name in store.ListAsync(FileNames.DamageNoteFolder, token))
        {
            if (SessionId.TryParse(name.Path.AsSpan(FileNames.DamageNoteFolder.Length), out SessionId id)
                && await TryReadAsync(id, token) is { } note)
            {
                yield return note;
            }
        }
    }

    /// <param name="id">Random, never used before.</param>
    /// <exception cref="StoreException">The store failed: the note may stand all the same.</exception>
    public async Task PutAsync(SessionId id, DamageNote note, CancellationToken token)
    {
        string name = FileNames.DamageNote(id);
        FileHeader header = new(FileKind.DamageNote, repository, name);
        bool isNew = await store.TryPutAsync(
            new BlobName(name), RecordFile.Write(header, note.Write(), Compression.None), token);
        Invariant.Check(isNew);
    }

    /// <summary>Takes a note away; one that is gone is no error.</summary>
    /// <exception cref="StoreException">The store cannot be written.</exception>
    public Task DeleteAsync(SessionId id, CancellationToken token) =>
        store.DeleteAsync(new BlobName(FileNames.DamageNote(id)), token);

    /// <returns>Null where it was taken away after it was listed.</returns>
    private async Task<StoredDamageNote?> TryReadAsync(SessionId id, CancellationToken token)
    {
        string name = FileNames.DamageNote(id);
        try
        {
            return await SmallFile.TryReadAsync(store, name, FormatLimits.DamageNoteFileLengthMaxBytes, token)
                is byte[] file
                    ? new StoredDamageNote(
                        id, DamageNote.Read(RecordFile.Read(file, FileKind.DamageNote, repository, name)))
                    : null;
        }
        catch (CorruptDataException complaint)
        {
            return new StoredDamageNote(id, null, complaint.Message);
        }
        catch (StoreException failure)
        {
            return new StoredDamageNote(id, null, failure.Message, IsKept: true);
        }
    }
}
