using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Parity;

/// <summary>How much of a repository's chunk packs parity protects, and at what cost.</summary>
/// <param name="PackCount">Packs in groups.</param>
/// <param name="PackBytes">In these.</param>
/// <param name="FileCount">Parity files.</param>
/// <param name="FileBytes">In these.</param>
public sealed record ParityShares(long PackCount, long PackBytes, long FileCount, long FileBytes)
{
    internal static async Task<ParityShares> MeasureAsync(
        IBlobStore store, RepositoryId repository, CancellationToken token)
    {
        int unreadable = 0;
        List<ParityFile> files =
            await new ParityFiles(store, repository).OpenAllAsync((_, _) => unreadable++, token);
        Dictionary<PackName, long> packs = [];
        foreach (ParityFile file in files)
        {
            for (int pack = 0; pack < file.Group.Packs.Count; pack++)
            {
                packs[file.Group.NameOf(pack)] = file.Group.Packs[pack].LengthBytes;
            }
        }

        return new ParityShares(
            packs.Count, packs.Values.Sum(), files.Count + unreadable, files.Sum(file => file.LengthBytes));
    }
}
