using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Parity;

/// <summary>The parity files of a repository. Keeps nothing; thread-safe.</summary>
internal sealed class ParityFiles(IBlobStore store, RepositoryId repository)
{
    /// <param name="unknown">Told names that no parity file has.</param>
    public async Task<List<PackName>> ListAsync(Action<BlobName> unknown, CancellationToken token)
    {
        List<PackName> names = [];
        await foreach (BlobName blob in store.ListAsync(FileNames.ParityFolder, token))
        {
            if (PackName.TryParse(blob.Path, out PackName name))
            {
                names.Add(name);
            }
            else
            {
                unknown(blob);
            }
        }

        return names;
    }

    /// <summary>Opens all of them, in the order of their names.</summary>
    /// <param name="unreadable">Told of each that says nothing any more, and why.</param>
    public async Task<List<ParityFile>> OpenAllAsync(
        Action<PackName, CorruptDataException> unreadable, CancellationToken token)
    {
        List<ParityFile> files = [];
        List<PackName> names = await ListAsync(_ => { }, token);
        foreach (PackName name in names.OrderBy(name => name.BlobName, StringComparer.Ordinal))
        {
            try
            {
                if (await ParityFile.TryOpenAsync(store, repository, name, token) is { } file)
                {
                    files.Add(file);
                }
            }
            catch (CorruptDataException complaint)
            {
                unreadable(name, complaint);
            }
        }

        return files;
    }
}
