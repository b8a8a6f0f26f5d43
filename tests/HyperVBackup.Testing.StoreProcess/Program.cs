using System.Globalization;
using HyperVBackup.Storage;

namespace HyperVBackup.Testing.StoreProcess;

/// <summary>One process that uses a folder store, for tests that need several, or one whose system calls fail.
/// Exit code: 0 done, 1 the store failed (its sentence is on standard error).</summary>
internal static class Program
{
    private const int PieceBytes = 64 * 1024;

    private static async Task<int> Main(string[] arguments)
    {
        try
        {
            Console.WriteLine(await RunAsync(arguments));
            return 0;
        }
        catch (StoreException error)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return 1;
        }
    }

    private static async Task<string> RunAsync(string[] arguments)
    {
        CancellationToken token = CancellationToken.None;
        switch (arguments)
        {
            case ["claim", string root, string claimant]:
                return await ClaimAsync(new FolderStore(root), byte.Parse(claimant, CultureInfo.InvariantCulture));
            case ["pass", string root, string prefix]:
                return await PassAsync(new FolderStore(root), prefix);
            case ["lists", string root]:
                return await ListAsync(new FolderStore(root));
            case ["put", string root, string name, string lengthBytes]:
                return await PutAsync(root, name, int.Parse(lengthBytes, CultureInfo.InvariantCulture));
            case ["length", string root, string name]:
                long? length = await new FolderStore(root).TryGetLengthAsync(new BlobName(name), token);
                return length is null ? "missing" : length.Value.ToString(CultureInfo.InvariantCulture);
            case ["read", string root, string name]:
                int? count = await new FolderStore(root).TryReadAsync(new BlobName(name), 0, new byte[100], token);
                return count is null ? "missing" : "read";
            case ["list", string root, string prefix]:
                return string.Join(' ', await new FolderStore(root).ListAsync(prefix, token).ToArrayAsync(token));
            case ["delete", string root, string name]:
                await new FolderStore(root).DeleteAsync(new BlobName(name), token);
                return "deleted";
            case ["mend", string root, string name, string offsetBytes]:
                long offset = long.Parse(offsetBytes, CultureInfo.InvariantCulture);
                bool isThere = await new FolderStore(root).MendAsync(new BlobName(name), offset, new byte[3], token);
                return isThere ? "mended" : "missing";
            case ["durable", string path]:
                return PublishDurableFile(path);
            default:
                throw new ArgumentException("Unknown command.", nameof(arguments));
        }
    }

    /// <summary>For each name on standard input: puts a blob holding the claimant's number, answers 1 or 0.</summary>
    private static async Task<string> ClaimAsync(FolderStore store, byte claimant)
    {
        while (await Console.In.ReadLineAsync() is { } name)
        {
            bool isOurs = await store.TryPutAsync(new BlobName(name), new[] { claimant }, CancellationToken.None);
            Console.WriteLine(isOurs ? "1" : "0");
        }

        return "end";
    }

    /// <summary>Puts and deletes blobs whose names begin so, until standard input ends.</summary>
    private static async Task<string> PassAsync(FolderStore store, string prefix)
    {
        using StreamReader input = new(Console.OpenStandardInput()); // Console.In waits even when asked not to
        Task<string?> end = input.ReadLineAsync();
        int number = 0;
        for (; !end.IsCompleted; number++)
        {
            BlobName name = new(string.Create(CultureInfo.InvariantCulture, $"{prefix}-{number}"));
            await store.TryPutAsync(name, new byte[1], CancellationToken.None);
            await store.DeleteAsync(name, CancellationToken.None);
        }

        return number > 1 ? "end" : "nothing was put";
    }

    /// <summary>For each prefix on standard input: answers the names that begin so.</summary>
    private static async Task<string> ListAsync(FolderStore store)
    {
        while (await Console.In.ReadLineAsync() is { } prefix)
        {
            Console.WriteLine(string.Join(
                ' ', await store.ListAsync(prefix, CancellationToken.None).ToArrayAsync(CancellationToken.None)));
        }

        return "end";
    }

    private static async Task<string> PutAsync(string root, string name, int lengthBytes)
    {
        await using IBlobWriter writer = await new FolderStore(root).CreateAsync(new BlobName(name), default);
        for (int startBytes = 0; startBytes < lengthBytes; startBytes += PieceBytes)
        {
            byte[] piece = new byte[Math.Min(PieceBytes, lengthBytes - startBytes)];
            Array.Fill(piece, (byte)7);
            await writer.AppendAsync(piece, default);
        }

        return await writer.TryPublishAsync(default) ? "published" : "taken";
    }

    private static string PublishDurableFile(string path)
    {
        using DurableFile file = DurableFile.Create(path);
        RandomAccess.Write(file.Handle, "whole"u8, 0);
        return file.TryPublish() ? "published" : "taken";
    }
}
