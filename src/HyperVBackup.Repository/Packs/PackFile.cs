using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Packs;

/// <summary>One copy of a published pack, opened: its header was checked, its trailer and table are at hand.</summary>
internal sealed record PackFile(
    IBlobStore Store, PackName Name, BlobName Blob, long LengthBytes, PackTrailer Trailer, PackTable Table)
{
    private const int TailGuessBytes = 128 << 10;

    /// <summary>Opens a copy.</summary>
    /// <returns>Null where there is no such blob.</returns>
    /// <exception cref="PackDamagedException">Header or footer are damaged.</exception>
    public static async Task<PackFile?> TryOpenAsync(
        IBlobStore store, RepositoryId repository, PackName name, string blobName, CancellationToken token)
    {
        BlobName blob = new(blobName);
        if (await store.TryGetLengthAsync(blob, token) is not long lengthBytes)
        {
            return null;
        }

        long atBytes = 0;
        try
        {
            Corrupt.Unless(lengthBytes >= FileHeader.SizeBytes + PackTrailer.SizeBytes, "pack: too short");
            byte[] head = await ReadAsync(store, blob, 0, FileHeader.SizeBytes, token);
            FileKind kind = name.Kind == PackKind.Chunks ? FileKind.ChunkPack : FileKind.MapPack;
            FileHeader.Read(head).Expect(kind, repository, blobName);
            atBytes = lengthBytes - PackTrailer.SizeBytes;
            long tailStartBytes = Math.Max(FileHeader.SizeBytes, lengthBytes - TailGuessBytes);
            byte[] tail = await ReadAsync(store, blob, tailStartBytes, (int)(lengthBytes - tailStartBytes), token);
            PackTrailer trailer = PackTrailer.Read(tail.AsSpan(tail.Length - PackTrailer.SizeBytes), lengthBytes);
            atBytes = trailer.TableStartBytes;
            byte[] table = atBytes >= tailStartBytes
                ? tail[(int)(atBytes - tailStartBytes)..^PackTrailer.SizeBytes]
                : await ReadAsync(store, blob, atBytes, trailer.TableLengthBytes, token);
            return new PackFile(store, name, blob, lengthBytes, trailer, PackTable.Read(table, trailer));
        }
        catch (CorruptDataException complaint)
        {
            throw new PackDamagedException(blobName, atBytes, complaint);
        }
    }

    /// <summary>Reads and checks the page hashes of a chunk pack.</summary>
    /// <exception cref="CorruptDataException">They are damaged.</exception>
    public async Task<PackPages> ReadPagesAsync(CancellationToken token) =>
        PackPages.Read(
            await ReadAsync(
                Store, Blob, Trailer.PageSectionStartBytes, checked((int)Trailer.PageSectionLengthBytes), token),
            Trailer,
            Table);

    /// <summary>Reads and checks the recipes of a chunk pack's delta records.</summary>
    /// <exception cref="CorruptDataException">They are damaged.</exception>
    public async Task<PackRecipes> ReadRecipesAsync(CancellationToken token) =>
        PackRecipes.Read(
            await ReadAsync(
                Store, Blob, Trailer.RecipeSectionStartBytes, checked((int)Trailer.RecipeSectionLengthBytes), token),
            Trailer,
            Table);

    private static async Task<byte[]> ReadAsync(
        IBlobStore store, BlobName blob, long offsetBytes, int lengthBytes, CancellationToken token)
    {
        byte[] bytes = new byte[lengthBytes];
        try
        {
            int? count = await store.TryReadAsync(blob, offsetBytes, bytes, token);
            Corrupt.Unless(count == lengthBytes, "pack: ends too early");
            return bytes;
        }
        catch (StoreException failure)
        {
            throw new CorruptDataException($"pack: {failure.Message}", failure); // a bad sector costs one copy
        }
    }
}
