using System.Runtime.CompilerServices;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>The packs a store holds. Thread-safe.</summary>
internal sealed class PackListing(IBlobStore store, PackTables tables)
{
    /// <summary>All packs of which there is a copy.</summary>
    /// <param name="unknown">Told names that no pack has.</param>
    public async Task<HashSet<PackName>> ListAsync(Action<BlobName> unknown, CancellationToken token)
    {
        HashSet<PackName> packs = [];
        foreach (string folder in (string[])
            [FileNames.ChunkPackFolder, FileNames.MapPackFolder, FileNames.MirrorFolder + FileNames.MapPackFolder])
        {
            int prefix = folder.StartsWith(FileNames.MirrorFolder, StringComparison.Ordinal)
                ? FileNames.MirrorFolder.Length
                : 0;
            await foreach (BlobName name in store.ListAsync(folder, token))
            {
                if (PackName.TryParse(name.Path.AsSpan(prefix), out PackName pack))
                {
                    packs.Add(pack);
                }
                else
                {
                    unknown(name);
                }
            }
        }

        return packs;
    }

    /// <summary>The tables of all chunk packs that can be read.</summary>
    public IAsyncEnumerable<(PackName Pack, PackTable Table)> ChunkPacksAsync(CancellationToken token) =>
        PacksAsync(PackKind.Chunks, token);

    /// <summary>The tables of all packs of a kind that can be read; of a map pack one copy may be there.</summary>
    public async IAsyncEnumerable<(PackName Pack, PackTable Table)> PacksAsync(
        PackKind kind, [EnumeratorCancellation] CancellationToken token)
    {
        HashSet<PackName> seen = [];
        string[] prefixes = kind == PackKind.Chunks ? [""] : ["", FileNames.MirrorFolder];
        foreach (string prefix in prefixes)
        {
            string folder = prefix + (kind == PackKind.Chunks ? FileNames.ChunkPackFolder : FileNames.MapPackFolder);
            await foreach (BlobName name in store.ListAsync(folder, token))
            {
                if (PackName.TryParse(name.Path.AsSpan(prefix.Length), out PackName pack) && seen.Add(pack)
                    && await tables.TryGetAsync(pack, token) is PackTable table)
                {
                    yield return (pack, table);
                }
            }
        }
    }
}
