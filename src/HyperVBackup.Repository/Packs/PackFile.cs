using System.Buffers;
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
            int tailBytes = (int)Math.Min(TailGuessBytes, lengthBytes - FileHeader.SizeBytes);
            byte[] tail = ArrayPool<byte>.Shared.Rent(tailBytes);
            await ReadAsync(store, blob, lengthBytes - tailBytes, tail.AsMemory(0, tailBytes), token);
            PackTrailer trailer = PackTrailer.Read(
                tail.AsSpan(tailBytes - PackTrailer.SizeBytes, PackTrailer.SizeBytes), lengthBytes);
            atBytes = trailer.TableStartBytes;
            int tableAt = tailBytes - PackTrailer.SizeBytes - trailer.TableLengthBytes;
            PackTable table = tableAt >= 0
                ? PackTable.Read(tail.AsSpan(tableAt, trailer.TableLengthBytes), trailer)
                : PackTable.Read(await ReadAsync(store, blob, atBytes, trailer.TableLengthBytes, token), trailer);
            ArrayPool<byte>.Shared.Return(tail);
            return new PackFile(store, name, blob, lengthBytes, trailer, table);
        }
        catch (CorruptDataException complaint)
        {
            return await store.TryGetLengthAsync(blob, token) is null
                ? null // a collector deleted it meanwhile
                : throw new PackDamagedException(blobName, atBytes, complaint);
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
        await ReadAsync(store, blob, offsetBytes, bytes, token);
        return bytes;
    }

    private static async Task ReadAsync(
        IBlobStore store, BlobName blob, long offsetBytes, Memory<byte> bytes, CancellationToken token)
    {
        try
        {
            int? count = await store.TryReadAsync(blob, offsetBytes, bytes, token);
            Corrupt.Unless(count == bytes.Length, "pack: ends too early");
        }
        catch (StoreException failure)
        {
            throw new CorruptDataException($"pack: {failure.Message}", failure); // a bad sector costs one copy
        }
    }
}
