using System.Globalization;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Sessions;

/// <summary>What collections there have been. Steps W1, W2 and R2 of repo-format/concurrency.md.</summary>
internal static class Collections
{
    /// <summary>Refuses a repository in which garbage has been collected: this version knows no collector yet, so
    /// it cannot know what its sessions must not rely on.</summary>
    /// <returns>The highest collection number: 0.</returns>
    /// <exception cref="RepositoryUnusableException">There has been a collection.</exception>
    public static async Task<long> ReadHighestAsync(IBlobStore store, CancellationToken token)
    {
        foreach (string folder in (string[])["condemned/", "retired/"])
        {
            await foreach (BlobName name in store.ListAsync(folder, token))
            {
                throw new RepositoryUnusableException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"Garbage was collected in '{store.Description}' ('{name}'), which this version cannot follow: ")
                    + "use a newer one.");
            }
        }

        return 0;
    }
}
