using HyperVBackup.Format;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Points;

/// <summary>Tells whether a new repository may be made in a store.</summary>
internal static class EmptyStore
{
    private static readonly string[] Folders =
    [
        FileNames.RestorePointFolder, FileNames.ChunkPackFolder, FileNames.MapPackFolder, FileNames.MirrorFolder,
    ];

    /// <exception cref="RepositoryUnusableException">There is a repository, or files of one that lost its settings: a
    /// new id would make all of them unreadable.</exception>
    public static async Task RequireAsync(IBlobStore store, CancellationToken token)
    {
        try
        {
            foreach (string name in SettingsFile.Names)
            {
                if (await store.TryGetLengthAsync(new BlobName(name), token) is not null)
                {
                    throw ThereIsOne(store);
                }
            }

            foreach (string folder in Folders)
            {
                await foreach (BlobName name in store.ListAsync(folder, token))
                {
                    throw new RepositoryUnusableException(
                        $"'{store.Description}' holds files of a repository, such as '{name}', but not its settings: "
                        + $"get its file '{FileNames.Repository}' back, or choose another place.");
                }
            }
        }
        catch (StoreException)
        {
            return; // a folder that is yet to be made cannot be listed; if anything else is wrong, the put says so
        }
    }

    public static RepositoryUnusableException ThereIsOne(IBlobStore store) =>
        new($"There is a repository in '{store.Description}' already.");
}
