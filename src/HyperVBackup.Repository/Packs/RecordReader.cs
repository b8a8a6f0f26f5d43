using System.Buffers;
using System.Runtime.CompilerServices;
using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Packs;

/// <summary>
/// Finds and checks records: at the hinted place first, then in the pack's second copy, then through the packs'
/// footers. A wrong hint is a miss, never an error; what is returned has the id that was asked for. Thread-safe.
/// </summary>
internal sealed class RecordReader(IBlobStore store, ContentHasher hasher, PackTables tables) : INodeSource
{
    public async ValueTask<MapNode> ReadNodeAsync(
        NodeId id, byte level, RecordPlace hint, CancellationToken token)
    {
        byte[] plain = await ReadPlainAsync(RecordType.Node, id.Value, hint, $"map node {id}", token);
        MapNode node = MapNode.Read(plain);
        return node.Level == level
            ? node
            : throw new CorruptDataException(
                $"Map node {id} is of level {node.Level} where level {level} was expected.");
    }

    public async ValueTask<byte[]> ReadListAsync(ListId id, RecordPlace hint, CancellationToken token) =>
        await ReadPlainAsync(RecordType.List, id.Value, hint, $"list {id}", token);

    /// <summary>Reads one chunk's record from any copy and decodes it.</summary>
    /// <exception cref="RepositoryDamagedException">No good copy is left.</exception>
    public async ValueTask ReadChunkAsync(ChunkId id, RecordPlace hint, Memory<byte> chunk, CancellationToken token)
    {
        if (!hint.IsUnknown && await TryReadChunkAtAsync(id, hint, chunk, token))
        {
            return;
        }

        await foreach (RecordPlace place in CopiesAsync(PackKind.Chunks, id.Value, token))
        {
            if (place != hint && await TryReadChunkAtAsync(id, place, chunk, token))
            {
                return;
            }
        }

        throw new RepositoryDamagedException($"Chunk {id} has no good copy left in '{store.Description}'.");
    }

    /// <summary>Decodes <paramref name="record"/> if it is a good record of chunk <paramref name="id"/>.</summary>
    public bool TryDecodeChunk(ChunkId id, ReadOnlySpan<byte> record, Span<byte> chunk)
    {
        const int PagesOnStack = 64;
        int pageCount = chunk.Length / FormatLimits.PageSizeBytes;
        Span<Digest> pages = pageCount <= PagesOnStack ? stackalloc Digest[pageCount] : new Digest[pageCount];
        try
        {
            ChunkRecord.Decode(record, chunk);
            return hasher.IdOfChunk(chunk, pages) == id;
        }
        catch (CorruptDataException)
        {
            return false; // another copy is looked for; the verb that reports damage is verify
        }
    }

    /// <summary>Reads a map record from one copy of its pack.</summary>
    /// <returns>Null where that copy is missing, damaged, or holds something else there.</returns>
    public async ValueTask<byte[]?> TryReadPlainAsync(
        RecordType type, Digest id, RecordPlace place, string blobName, CancellationToken token)
    {
        if (place.LengthBytes > PlainRecord.WrittenSizeMax(FormatLimits.RecordPlainLengthMaxBytes))
        {
            return null;
        }

        byte[] bytes = new byte[place.LengthBytes];
        int? count = await TryReadAsync(new BlobName(blobName), place.OffsetBytes, bytes, token);
        return count == bytes.Length ? TryDecodePlain(type, id, bytes) : null;
    }

    /// <summary>Reads bytes of one copy.</summary>
    /// <returns>Null where that copy is missing or cannot be read: another may serve, and where the whole store is
    /// gone, looking for one says so.</returns>
    public async ValueTask<int?> TryReadAsync(
        BlobName blob, long offsetBytes, Memory<byte> buffer, CancellationToken token)
    {
        try
        {
            return await store.TryReadAsync(blob, offsetBytes, buffer, token);
        }
        catch (StoreException)
        {
            return null;
        }
    }

    private byte[]? TryDecodePlain(RecordType type, Digest id, ReadOnlySpan<byte> bytes)
    {
        try
        {
            Record record = Record.Read(bytes);
            Corrupt.Unless(record.Type == type && record.Id == id, "record: not the one looked for");
            byte[] plain = PlainRecord.Read(record);
            Digest found = type == RecordType.Node
                ? hasher.IdOfNode(MapNode.HashedPartOf(plain)).Value
                : hasher.IdOfList(plain).Value;
            return found == id ? plain : null;
        }
        catch (CorruptDataException)
        {
            return null;
        }
    }

    private async ValueTask<bool> TryReadChunkAtAsync(
        ChunkId id, RecordPlace place, Memory<byte> chunk, CancellationToken token)
    {
        int lengthBytes = checked((int)Math.Min(place.LengthBytes, (uint)ChunkRecord.EncodedSizeMax(chunk.Length)));
        byte[] buffer = ArrayPool<byte>.Shared.Rent(lengthBytes);
        try
        {
            BlobName blob = new(place.Pack.BlobName);
            int? count = await TryReadAsync(blob, place.OffsetBytes, buffer.AsMemory(0, lengthBytes), token);
            return count == lengthBytes && TryDecodeChunk(id, buffer.AsSpan(0, lengthBytes), chunk.Span);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask<byte[]> ReadPlainAsync(
        RecordType type, Digest id, RecordPlace hint, string what, CancellationToken token)
    {
        if (!hint.IsUnknown && await TryReadCopiesAsync(type, id, hint, token) is byte[] hinted)
        {
            return hinted;
        }

        await foreach (RecordPlace place in CopiesAsync(PackKind.Maps, id, token))
        {
            if (place != hint && await TryReadCopiesAsync(type, id, place, token) is byte[] found)
            {
                return found;
            }
        }

        throw new CorruptDataException($"The {what} has no good copy left in '{store.Description}'.");
    }

    private async ValueTask<byte[]?> TryReadCopiesAsync(
        RecordType type, Digest id, RecordPlace place, CancellationToken token) =>
        await TryReadPlainAsync(type, id, place, place.Pack.BlobName, token)
        ?? await TryReadPlainAsync(type, id, place, place.Pack.MirrorBlobName, token);

    private async IAsyncEnumerable<RecordPlace> CopiesAsync(
        PackKind kind, Digest id, [EnumeratorCancellation] CancellationToken token)
    {
        HashSet<PackName> seen = [];
        string[] prefixes = kind == PackKind.Chunks ? [""] : ["", FileNames.MirrorFolder];
        foreach (string prefix in prefixes)
        {
            string folder = prefix + (kind == PackKind.Chunks ? FileNames.ChunkPackFolder : FileNames.MapPackFolder);
            await foreach (BlobName blob in store.ListAsync(folder, token))
            {
                if (PackName.TryParse(blob.Path.AsSpan(prefix.Length), out PackName pack)
                    && seen.Add(pack)
                    && await tables.TryGetAsync(pack, token) is PackTable table)
                {
                    foreach (PackEntry entry in table.FindAll(id))
                    {
                        yield return new RecordPlace(pack, entry.OffsetBytes, entry.LengthBytes);
                    }
                }
            }
        }
    }
}
