using HyperVBackup.Disks;
using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Sessions;

namespace HyperVBackup.Operations.Backup;

/// <summary>Stores the files of a VM's configuration. A large one is stored in pieces, equal ones once.
/// </summary>
internal sealed class ConfigurationBackup(WritingSession session, ContentHasher hasher)
{
    private readonly Dictionary<ListId, ListReference> stored = [];
    private readonly List<ListReference> references = [];

    /// <returns>What the restore point names the files by, in their order.</returns>
    /// <exception cref="DiskImageException">A file cannot be read, or they are too many or too large.</exception>
    public async Task<IReadOnlyList<ListReference>> StoreAsync(
        IReadOnlyList<ConfigurationSource> files, CancellationToken token)
    {
        byte[] piece = new byte[FormatLimits.ConfigurationFileLengthMaxBytes];
        foreach (ConfigurationSource file in files)
        {
            try
            {
                await using Stream content = file.Open();
                int lengthBytes = 0;
                do
                {
                    lengthBytes = await content.ReadAtLeastAsync(piece, piece.Length, throwOnEndOfStream: false, token);
                    await StoreAsync(new ConfigurationFile(file.Name, piece.AsMemory(0, lengthBytes)), token);
                }
                while (lengthBytes == piece.Length);
            }
            catch (IOException failure)
            {
                throw new DiskImageException(
                    $"The configuration file '{file.Name}' cannot be read: {failure.Message}", failure);
            }
        }

        return references;
    }

    private async Task StoreAsync(ConfigurationFile file, CancellationToken token)
    {
        if (references.Count == FormatLimits.ConfigurationFileCountMax)
        {
            throw new DiskImageException(
                $"The configuration has more than a restore point can hold: '{file.Name}' goes beyond it.");
        }

        ListId id = hasher.IdOfList(file.Write());
        if (!stored.TryGetValue(id, out ListReference reference))
        {
            reference = await ConfigurationFiles.WriteAsync(file, session.Maps, hasher, token);
            stored.Add(id, reference);
        }

        references.Add(reference);
    }
}
