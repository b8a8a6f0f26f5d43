using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Points;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Pins;

/// <summary>Pins as files: <c>pins/point-id</c> and <c>pins/all-id</c>, put once. Thread-safe.</summary>
internal sealed class PinFiles(IBlobStore store, RepositoryId repository)
{
    /// <summary>Puts a pin under an id of its own.</summary>
    /// <param name="point">None for every point.</param>
    /// <param name="id">Random, never used before.</param>
    /// <exception cref="StoreException">The store failed: the pin may stand all the same.</exception>
    public async Task<StoredPin> PutAsync(SessionId point, SessionId id, Pin pin, CancellationToken token)
    {
        StoredPin stored = new(point, id, pin);
        FileHeader header = new(FileKind.Pin, repository, stored.Name);
        byte[] file = RecordFile.Write(header, pin.Write(), Compression.None);
        bool isNew = await store.TryPutAsync(new BlobName(stored.Name), file, token);
        Invariant.Check(isNew);
        return stored;
    }

    /// <summary>All pins; those that cannot be read too.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<List<StoredPin>> ReadAllAsync(CancellationToken token)
    {
        List<StoredPin> pins = [];
        await foreach (BlobName name in store.ListAsync(FileNames.PinFolder, token))
        {
            if (FileNames.TryParsePin(name.Path, out SessionId point, out SessionId id)
                && await TryReadAsync(new StoredPin(point, id, null), token) is { } pin)
            {
                pins.Add(pin);
            }
        }

        return pins;
    }

    /// <summary>Removes a pin; one that is gone is no error.</summary>
    /// <exception cref="StoreException">The store cannot be written.</exception>
    public Task DeleteAsync(StoredPin pin, CancellationToken token) =>
        store.DeleteAsync(new BlobName(pin.Name), token);

    /// <summary>Makes durable which pins there are now: whoever put or removed one may have been killed before that
    /// was.</summary>
    /// <param name="point">Any point.</param>
    /// <exception cref="StoreException">The store refuses.</exception>
    public Task FlushAsync(SessionId point, CancellationToken token) =>
        store.FlushNamesAsync(new BlobName(new StoredPin(point, point, null).Name), token);

    /// <returns>Null where it was removed after it was listed.</returns>
    private async Task<StoredPin?> TryReadAsync(StoredPin pin, CancellationToken token)
    {
        try
        {
            return await SmallFile.TryReadAsync(store, pin.Name, FormatLimits.SmallFileLengthMaxBytes, token)
                is byte[] file
                    ? pin with { Pin = Pin.Read(RecordFile.Read(file, FileKind.Pin, repository, pin.Name)) }
                    : null;
        }
        catch (CorruptDataException)
        {
            return pin;
        }
        catch (StoreException failure)
        {
            return pin with { Failure = failure.Message };
        }
    }
}
