using System.Runtime.CompilerServices;
using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Points;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Sessions;

/// <summary>Leases as files: <c>leases/session</c>, as in repo-format/concurrency.md.</summary>
internal sealed class LeaseFile(IBlobStore store, RepositoryId repository)
{
    public static BlobName NameOf(SessionId id) => new(FileNames.Lease(id));

    public async Task PutAsync(SessionId id, Lease lease, CancellationToken token)
    {
        BlobName name = NameOf(id);
        FileHeader header = new(FileKind.Lease, repository, name.Path);
        byte[] bytes = RecordFile.Write(header, lease.Write(), Compression.None);
        bool isNew = await store.TryPutAsync(name, bytes, token);
        Invariant.Check(isNew);
    }

    /// <returns>The lease; null where it is gone or cannot be read (that one is left to a collector).</returns>
    public async ValueTask<Lease?> TryReadAsync(SessionId id, CancellationToken token)
    {
        string name = NameOf(id).Path;
        try
        {
            byte[]? file = await SmallFile.TryReadAsync(store, name, token);
            return file is null
                ? null
                : Lease.Read(RecordFile.Read(file, FileKind.Lease, repository, name));
        }
        catch (Exception failure) when (failure is CorruptDataException or StoreException)
        {
            return null;
        }
    }

    public async IAsyncEnumerable<SessionId> ListAsync([EnumeratorCancellation] CancellationToken token)
    {
        await foreach (BlobName name in store.ListAsync(FileNames.LeaseFolder, token))
        {
            if (SessionId.TryParse(name.Path.AsSpan(FileNames.LeaseFolder.Length), out SessionId id))
            {
                yield return id;
            }
        }
    }

    /// <summary>Deletes a lease that is not needed any more. Never fails, so that it hides neither an error nor that
    /// a point was published: a lease left behind is removed by a later session.</summary>
    /// <returns>Whether it is gone.</returns>
    public async Task<bool> TryDeleteAsync(SessionId id)
    {
        try
        {
            await store.DeleteAsync(NameOf(id), CancellationToken.None);
            return true;
        }
        catch (StoreException)
        {
            return false;
        }
    }
}
