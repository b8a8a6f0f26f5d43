using System.Globalization;
using System.Runtime.CompilerServices;
using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Points;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Sessions;

/// <summary>Signs of life as files: <c>signs/session-n</c>, n from 1. Nothing safe hangs on them: a lost or late one
/// only makes a collector more or less patient. Thread-safe.</summary>
internal sealed class SignFiles(IBlobStore store, RepositoryId repository)
{
    /// <summary>The signs there are; usually one a session, shortly two.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async IAsyncEnumerable<(SessionId Session, long Counter)> ListAsync(
        [EnumeratorCancellation] CancellationToken token)
    {
        await foreach (BlobName name in store.ListAsync(FileNames.SignOfLifeFolder, token))
        {
            if (TryParse(name.Path, out SessionId session, out long counter))
            {
                yield return (session, counter);
            }
        }
    }

    /// <summary>The highest counter of each session that has given a sign of life.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<Dictionary<SessionId, long>> ReadCountersAsync(CancellationToken token)
    {
        Dictionary<SessionId, long> counters = [];
        await foreach ((SessionId session, long counter) in ListAsync(token))
        {
            counters[session] = Math.Max(counters.GetValueOrDefault(session), counter);
        }

        return counters;
    }

    /// <returns>The sign; null where it is gone or cannot be read.</returns>
    public async Task<SignOfLife?> TryReadAsync(SessionId session, long counter, CancellationToken token)
    {
        string name = FileNames.SignOfLife(session, counter);
        try
        {
            return await SmallFile.TryReadAsync(store, name, token) is byte[] file
                ? SignOfLife.Read(RecordFile.Read(file, FileKind.SignOfLife, repository, name))
                : null;
        }
        catch (Exception failure) when (failure is CorruptDataException or StoreException)
        {
            return null;
        }
    }

    /// <exception cref="StoreException">The store failed.</exception>
    public Task PutAsync(SessionId session, SignOfLife sign, CancellationToken token)
    {
        string name = FileNames.SignOfLife(session, sign.Counter);
        FileHeader header = new(FileKind.SignOfLife, repository, name);
        return store.TryPutAsync(
            new BlobName(name), RecordFile.Write(header, sign.Write(), Compression.None), token);
    }

    /// <exception cref="StoreException">The store failed.</exception>
    public Task DeleteAsync(SessionId session, long counter) =>
        store.DeleteAsync(new BlobName(FileNames.SignOfLife(session, counter)), CancellationToken.None);

    private static bool TryParse(string path, out SessionId session, out long counter)
    {
        ReadOnlySpan<char> name = path.AsSpan(FileNames.SignOfLifeFolder.Length);
        int dash = name.IndexOf('-');
        counter = 0;
        session = default;
        return dash >= 0
            && SessionId.TryParse(name[..dash], out session)
            && long.TryParse(name[(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out counter)
            && path == FileNames.SignOfLife(session, counter);
    }
}
