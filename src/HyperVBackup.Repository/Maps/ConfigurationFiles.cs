using HyperVBackup.Format;
using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maps;

/// <summary>Stores and reads the files of a virtual machine's configuration, each a record of its own.</summary>
public static class ConfigurationFiles
{
    /// <summary>Stores a file, and gives what the restore point names it by.</summary>
    /// <exception cref="ArgumentException">The file's name or content is longer than can be stored.</exception>
    public static async Task<ListReference> WriteAsync(
        ConfigurationFile file, IMapSink sink, ContentHasher hasher, CancellationToken token)
    {
        byte[] body = file.Write();
        ListId id = hasher.IdOfList(body);
        return new ListReference(ListKind.ConfigurationFile, id, 1, await sink.WriteListAsync(id, body, token));
    }

    /// <summary>Reads a file back.</summary>
    /// <exception cref="CorruptDataException">It cannot be read.</exception>
    public static async Task<ConfigurationFile> ReadAsync(
        ListReference reference, INodeSource nodes, CancellationToken token) =>
        ConfigurationFile.Read(await nodes.ReadListAsync(reference.Head, reference.Place, token));
}
