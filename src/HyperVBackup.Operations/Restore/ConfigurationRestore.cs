using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;

namespace HyperVBackup.Operations.Restore;

/// <summary>Reads and writes the configuration files of one point. Used once.</summary>
/// <param name="force">Replaces files that stand there.</param>
internal sealed class ConfigurationRestore(BackupRepository repository, SessionId pointId, string folder, bool force)
{
    private readonly List<RestoredFile> restored = [];

    /// <summary>Writes each file under a temporary name, flushed, and only then gives it its own. Where a collector
    /// gives the session up, what is not written yet is written in another one, once.</summary>
    public Task<IReadOnlyList<RestoredFile>> RunAsync(CancellationToken token) =>
        FencedRerun.RunAsync<IReadOnlyList<RestoredFile>>(async _ =>
        {
            await using ReadingSession session =
                await repository.OpenReadingSessionAsync(LeaseKind.Restore, pointId, token);
            foreach (IReadOnlyList<ListReference> pieces in await FilesAsync(session, token))
            {
                await WriteAsync(session, pieces, token);
            }

            return restored;
        });

    /// <summary>The files' names, in their order.</summary>
    public static Task<IReadOnlyList<string>> ListAsync(
        BackupRepository repository, SessionId pointId, CancellationToken token) =>
        FencedRerun.RunAsync<IReadOnlyList<string>>(async _ =>
        {
            await using ReadingSession session =
                await repository.OpenReadingSessionAsync(LeaseKind.Restore, pointId, token);
            List<string> names = [];
            foreach (IReadOnlyList<ListReference> pieces in await FilesAsync(session, token))
            {
                names.Add((await ReadAsync(session, pieces[0], token)).Name);
            }

            return names;
        });

    /// <summary>The content of one file; null where the point has none of that name.</summary>
    public static Task<byte[]?> ReadAsync(
        BackupRepository repository, SessionId pointId, string name, CancellationToken token) =>
        FencedRerun.RunAsync(async _ =>
        {
            await using ReadingSession session =
                await repository.OpenReadingSessionAsync(LeaseKind.Restore, pointId, token);
            MemoryStream content = new();
            bool isThere = false;
            foreach (ListReference reference in session.Point.ConfigurationFiles)
            {
                ConfigurationFile piece = await ReadAsync(session, reference, token);
                if (piece.Name == name)
                {
                    isThere = true;
                    content.Write(piece.Content.Span);
                }
            }

            return isThere ? content.ToArray() : null;
        });

    /// <summary>A file's pieces stand in a row under one name.</summary>
    private static async Task<List<List<ListReference>>> FilesAsync(ReadingSession session, CancellationToken token)
    {
        List<List<ListReference>> files = [];
        HashSet<string> names = new(StringComparer.OrdinalIgnoreCase);
        string? last = null;
        foreach (ListReference reference in session.Point.ConfigurationFiles)
        {
            string name = (await ReadAsync(session, reference, token)).Name;
            if (name == last)
            {
                files[^1].Add(reference);
                continue;
            }

            if (!names.Add(name) || !WindowsFileName.IsValid(name))
            {
                throw new RepositoryDamagedException(
                    $"Restore point {session.Point.Id} names a configuration file '{name}', which no file of a folder "
                    + "can be called, or twice.");
            }

            files.Add([reference]);
            last = name;
        }

        return files;
    }

    private static Task<ConfigurationFile> ReadAsync(
        ReadingSession session, ListReference reference, CancellationToken token) =>
        ConfigurationFiles.ReadAsync(reference, session.Nodes, token);

    private async Task WriteAsync(
        ReadingSession session, IReadOnlyList<ListReference> pieces, CancellationToken token)
    {
        string name = (await ReadAsync(session, pieces[0], token)).Name;
        if (restored.Exists(done => done.Name == name))
        {
            return;
        }

        string path = Path.Combine(folder, name);
        DurableFile.MakeFolderOf(path);
        using DurableFile file = DurableFile.Create(path);
        long lengthBytes = 0;
        foreach (ListReference piece in pieces)
        {
            ReadOnlyMemory<byte> content = (await ReadAsync(session, piece, token)).Content;
            try
            {
                RandomAccess.Write(file.Handle, content.Span, lengthBytes);
            }
            catch (IOException failure)
            {
                throw StoreException.Of(failure, "write to", path);
            }

            lengthBytes += content.Length;
        }

        file.Flush();
        if (force)
        {
            file.PublishReplacing();
        }
        else if (!file.TryPublish())
        {
            throw new StoreException($"'{path}' exists already; --force replaces it.");
        }

        restored.Add(new RestoredFile(name, path, lengthBytes));
    }
}
