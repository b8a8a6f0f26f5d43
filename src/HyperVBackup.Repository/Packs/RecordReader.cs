using System.Buffers;
using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Packs;

/// <summary>
/// Finds and checks records: at the hinted place first, then in the pack's second copy, then through the packs'
/// footers. A wrong hint is a miss, never an error; what is returned has the id that was asked for. Thread-safe.
/// </summary>
internal sealed class RecordReader : INodeSource
{
    private readonly IBlobStore store;
    private readonly ContentHasher hasher;
    private readonly NodeBatchReader batches;
    private readonly DamageWatch? watch;
    private readonly IRecordCopies maps;

    /// <param name="watch">Told of what is not good where it was looked for.</param>
    /// <param name="maps">Finds nodes and lists that are not where they are said to be; null for a search each.</param>
    public RecordReader(
        IBlobStore store, ContentHasher hasher, PackTables tables, DamageWatch? watch = null,
        IRecordCopies? maps = null)
    {
        this.watch = watch;
        (this.store, this.hasher) = (store, hasher);
        (Tables, Finder) = (tables, new RecordFinder(store, tables));
        this.maps = maps ?? Finder;
        Chunks = new ChunkReader(Finder, hasher, watch);
        batches = new NodeBatchReader(Finder, hasher);
    }

    /// <summary>Tells what packs hold.</summary>
    public PackTables Tables { get; }

    /// <summary>Reads bytes of packs.</summary>
    public RecordFinder Finder { get; }

    /// <summary>Reads chunks.</summary>
    public ChunkReader Chunks { get; }

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

    public async ValueTask<MapNode?[]> TryReadNodesAsync(
        byte level, ReadOnlyMemory<NodeReference> nodes, CancellationToken token)
    {
        int lengthMax = PlainRecord.WrittenSizeMax(MapNode.SizeMaxBytes);
        MapNode?[] read = new MapNode?[nodes.Length];
        List<RecordPlace> places = new(nodes.Length);
        foreach (NodeReference node in nodes.Span)
        {
            if (!node.Place.IsUnknown && node.Place.LengthBytes <= lengthMax)
            {
                places.Add(node.Place);
            }
        }

        RecordGroups groups = new(Finder);
        try
        {
            await groups.ReadAsync(places, token);
            for (int position = 0; position < read.Length; position++)
            {
                NodeReference node = nodes.Span[position];
                read[position] = TryDecodeNode(node.Id, level, groups.Find(node.Place));
            }
        }
        finally
        {
            groups.Clear();
        }

        return read;
    }

    public async ValueTask ReadRowsAsync(
        byte level, ReadOnlyMemory<NodeReference> nodes, Memory<byte> rows, CancellationToken token)
    {
        foreach (int missed in await batches.ReadAsync(level, nodes, rows, token))
        {
            NodeReference reference = nodes.Span[missed];
            MapNode node = await ReadNodeAsync(reference.Id, level, reference.Place, token);
            NodeRows.Write(node, rows.Span[(missed * NodeRows.SizeBytes)..]);
        }
    }

    public async ValueTask<byte[]> ReadListAsync(ListId id, RecordPlace hint, CancellationToken token) =>
        await ReadPlainAsync(RecordType.List, id.Value, hint, $"list {id}", token);

    /// <summary>Reads one chunk from any complete copy.</summary>
    /// <exception cref="RepositoryDamagedException">No complete copy is left.</exception>
    public ValueTask ReadChunkAsync(ChunkId id, RecordPlace hint, Memory<byte> chunk, CancellationToken token) =>
        Chunks.ReadAsync(id, hint, chunk, token);

    /// <summary>Decodes <paramref name="record"/> if it is a good whole record of chunk <paramref name="id"/>.
    /// </summary>
    public bool TryDecodeChunk(ChunkId id, ReadOnlySpan<byte> record, Span<byte> chunk) =>
        Chunks.TryDecode(id, record, chunk, out _);

    /// <summary>Reads a map record from one copy of its pack.</summary>
    /// <returns>Null where that copy is missing, damaged, or holds something else there.</returns>
    public async ValueTask<byte[]?> TryReadPlainAsync(
        RecordType type, Digest id, RecordPlace place, string blobName, CancellationToken token)
    {
        if (place.LengthBytes > PlainRecord.WrittenSizeMax(FormatLimits.RecordPlainLengthMaxBytes))
        {
            return null;
        }

        int lengthBytes = (int)place.LengthBytes;
        byte[] rented = ArrayPool<byte>.Shared.Rent(lengthBytes);
        try
        {
            Memory<byte> bytes = rented.AsMemory(0, lengthBytes);
            int? count = await TryReadAsync(new BlobName(blobName), place.OffsetBytes, bytes, token);
            return count == lengthBytes ? TryDecodePlain(type, id, bytes.Span) : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Reads the body of a node or list from whatever good copy there is.</summary>
    /// <returns>Null where there is none.</returns>
    public async ValueTask<byte[]?> TryReadPlainAsync(RecordType type, Digest id, CancellationToken token)
    {
        try
        {
            return await ReadPlainAsync(type, id, default, "record", token);
        }
        catch (CorruptDataException)
        {
            return null;
        }
    }

    /// <summary>Whether there is a good copy of a node, list or chunk, wherever it lies.</summary>
    /// <param name="chunk">Takes what is read of a chunk.</param>
    public async ValueTask<bool> IsReadableAsync(
        RecordType type, Digest id, Memory<byte> chunk, CancellationToken token)
    {
        try
        {
            if (type is RecordType.Node or RecordType.List)
            {
                return await TryReadPlainAsync(type, id, token) is not null;
            }

            await Chunks.ReadAsync(new ChunkId(id), default, chunk, token);
            return true;
        }
        catch (RepositoryDamagedException)
        {
            return false;
        }
    }

    /// <inheritdoc cref="RecordFinder.TryReadAsync"/>
    public ValueTask<int?> TryReadAsync(
        BlobName blob, long offsetBytes, Memory<byte> buffer, CancellationToken token) =>
        Finder.TryReadAsync(blob, offsetBytes, buffer, token);

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

    private MapNode? TryDecodeNode(NodeId id, byte level, ReadOnlySpan<byte> bytes)
    {
        try
        {
            byte[]? plain = TryDecodePlain(RecordType.Node, id.Value, bytes);
            MapNode? node = plain is null ? null : MapNode.Read(plain);
            return node?.Level == level ? node : null;
        }
        catch (CorruptDataException)
        {
            return null; // who asks for it by itself is told
        }
    }

    private async ValueTask<byte[]> ReadPlainAsync(
        RecordType type, Digest id, RecordPlace hint, string what, CancellationToken token)
    {
        if (!hint.IsUnknown && await TryReadCopiesAsync(type, id, hint, token) is byte[] hinted)
        {
            return hinted;
        }

        await foreach (RecordPlace place in maps.CopiesAsync(PackKind.Maps, id, token))
        {
            if (place != hint && await TryReadCopiesAsync(type, id, place, token) is byte[] found)
            {
                return found;
            }
        }

        watch?.Lose(type, id);
        throw new CorruptDataException($"The {what} has no good copy left in '{store.Description}'.");
    }

    private async ValueTask<byte[]?> TryReadCopiesAsync(
        RecordType type, Digest id, RecordPlace place, CancellationToken token)
    {
        if (await TryReadPlainAsync(type, id, place, place.Pack.BlobName, token) is byte[] plain)
        {
            return plain;
        }

        watch?.Suspect(place);
        return await TryReadPlainAsync(type, id, place, place.Pack.MirrorBlobName, token);
    }
}
