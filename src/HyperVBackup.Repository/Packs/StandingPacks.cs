using System.Runtime.CompilerServices;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Packs;

/// <summary>The packs that a store lists, each once; of map packs either copy will do.</summary>
internal static class StandingPacks
{
    /// <exception cref="StoreException">The store cannot be listed.</exception>
    public static async IAsyncEnumerable<PackName> ListAsync(
        IBlobStore store, PackKind kind, [EnumeratorCancellation] CancellationToken token)
    {
        HashSet<PackName> seen = [];
        string[] prefixes = kind == PackKind.Chunks ? [""] : ["", FileNames.MirrorFolder];
        string folder = kind == PackKind.Chunks ? FileNames.ChunkPackFolder : FileNames.MapPackFolder;
        foreach (string prefix in prefixes)
        {
            await foreach (BlobName blob in store.ListAsync(prefix + folder, token))
            {
                if (PackName.TryParse(blob.Path.AsSpan(prefix.Length), out PackName pack) && seen.Add(pack))
                {
                    yield return pack;
                }
            }
        }
    }
}
