using HyperVBackup.Format.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Packs;

/// <summary>Makes the names of packs that others put durable, before anything relies on them: a process that was killed
/// between giving a pack its name and flushing it leaves one that a power loss takes back.</summary>
internal static class PackFolders
{
    /// <summary>Costs one flush for each folder that the packs lie in.</summary>
    /// <exception cref="StoreException">The store is missing, or refuses.</exception>
    public static async Task FlushAsync(IBlobStore store, IEnumerable<PackName> packs, CancellationToken token)
    {
        IEnumerable<string> names = packs.SelectMany(
            pack => pack.Kind == PackKind.Maps ? (string[])[pack.BlobName, pack.MirrorBlobName] : [pack.BlobName]);
        foreach (string name in names.DistinctBy(name => name[..name.LastIndexOf('/')]))
        {
            await store.FlushNamesAsync(new BlobName(name), token);
        }
    }
}
