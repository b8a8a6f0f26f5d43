using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Points;

/// <summary>
/// A repository's settings in their two copies: <c>repository</c>, which is put first and decides whose the store is,
/// and <c>mirror/repository</c>. Thread-safe.
/// </summary>
internal sealed class SettingsFile(IBlobStore store)
{
    /// <summary>The first copy, then the second.</summary>
    public static IReadOnlyList<string> Names { get; } = [FileNames.Repository, FileNames.RepositoryMirror];

    /// <summary>Puts the first copy of a new repository. Where the store fails and the copy stands all the same, it is
    /// put once more, which makes it durable: nobody is told of a failure that left a repository behind.</summary>
    /// <returns>False where another repository is there.</returns>
    /// <exception cref="StoreException">The store failed.</exception>
    public async Task<bool> TryPutFirstAsync(RepositoryId id, RepositorySettings settings, CancellationToken token)
    {
        try
        {
            return await TryPutAsync(FileNames.Repository, id, settings, token);
        }
        catch (StoreException)
        {
            if (await FindFaultAsync(FileNames.Repository, id, settings, CancellationToken.None) is not null)
            {
                throw;
            }

            await TryPutAsync(FileNames.Repository, id, settings, CancellationToken.None);
            return true;
        }
    }

    /// <returns>False where a blob of that name was there first.</returns>
    /// <exception cref="StoreException">The store failed.</exception>
    public Task<bool> TryPutAsync(
        string name, RepositoryId id, RepositorySettings settings, CancellationToken token)
    {
        FileHeader header = new(FileKind.Repository, id, name);
        return store.TryPutAsync(
            new BlobName(name), RecordFile.Write(header, settings.Write(), Compression.None), token);
    }

    /// <summary>Puts each copy that is missing; a failure is warned about only, the next session tries again. A damaged
    /// copy is left as it is.</summary>
    public async Task PutMissingAsync(
        RepositoryId id, RepositorySettings settings, Action<string> warn, CancellationToken token)
    {
        foreach (string name in Names)
        {
            try
            {
                if (await store.TryGetLengthAsync(new BlobName(name), token) is null)
                {
                    await TryPutAsync(name, id, settings, token);
                }
            }
            catch (StoreException failure)
            {
                warn($"The repository's settings have one copy only for now, '{name}' is missing: {failure.Message}");
            }
        }
    }

    /// <summary>Reads the first copy, or with a warning the second. The second never stands in for a sound first one
    /// that this program does not understand.</summary>
    /// <returns>Null where neither is there.</returns>
    /// <exception cref="CorruptDataException">No copy is good, or they need a newer version; names the file.
    /// </exception>
    /// <exception cref="StoreException">The first copy cannot be read, and the second does not serve.</exception>
    public async Task<(RepositoryId Id, RepositorySettings Settings)?> TryReadAsync(
        Action<string> warn, CancellationToken token)
    {
        if (await TryReadEitherAsync(warn, token) is not Copy copy)
        {
            return null;
        }

        try
        {
            return (copy.Id, RepositorySettings.Read(copy.Plain));
        }
        catch (CorruptDataException complaint)
        {
            throw complaint.In(copy.Name, 0);
        }
    }

    /// <returns>What is wrong with a copy, in words; null where it is good.</returns>
    public async Task<string?> FindFaultAsync(
        string name, RepositoryId id, RepositorySettings settings, CancellationToken token)
    {
        try
        {
            return await TryReadCopyAsync(name, token) is not Copy copy ? "this copy of the settings is missing"
                : copy.Id != id ? "file header: another repository's"
                : !copy.Plain.AsSpan().SequenceEqual(settings.Write()) ? "the copies of the settings differ"
                : null;
        }
        catch (Exception complaint) when (complaint is CorruptDataException or StoreException)
        {
            return complaint.Message;
        }
    }

    private async Task<Copy?> TryReadEitherAsync(Action<string> warn, CancellationToken token)
    {
        Copy? second;
        string why = $"'{FileNames.Repository}' is missing";
        try
        {
            if (await TryReadNamedAsync(FileNames.Repository, token) is Copy first)
            {
                return first;
            }

            second = null;
        }
        catch (Exception complaint) when (complaint is CorruptDataException or StoreException)
        {
            second = await TryReadSecondAsync(token);
            if (second is null)
            {
                throw;
            }

            why = complaint.Message;
        }

        second ??= await TryReadNamedAsync(FileNames.RepositoryMirror, token);
        if (second is not null)
        {
            warn($"The repository's settings were read from their second copy, '{second.Name}': {why}");
        }

        return second;
    }

    /// <returns>Null also where it is damaged: the complaint about the first copy is the one to report.</returns>
    private async Task<Copy?> TryReadSecondAsync(CancellationToken token)
    {
        try
        {
            return await TryReadCopyAsync(FileNames.RepositoryMirror, token);
        }
        catch (Exception complaint) when (complaint is CorruptDataException or StoreException)
        {
            return null;
        }
    }

    private async Task<Copy?> TryReadNamedAsync(string name, CancellationToken token)
    {
        try
        {
            return await TryReadCopyAsync(name, token);
        }
        catch (CorruptDataException complaint)
        {
            throw complaint.In(name, 0);
        }
    }

    private async Task<Copy?> TryReadCopyAsync(string name, CancellationToken token)
    {
        if (await SmallFile.TryReadAsync(store, name, token) is not byte[] file)
        {
            return null;
        }

        byte[] plain = RecordFile.Read(file, FileKind.Repository, name, out RepositoryId id);
        return new Copy(name, id, plain);
    }

    /// <summary>A copy whose checksums are right; what it says may still be beyond this program.</summary>
    private sealed record Copy(string Name, RepositoryId Id, byte[] Plain);
}
