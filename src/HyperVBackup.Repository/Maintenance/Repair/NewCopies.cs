using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Sessions;

namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>Writes records anew into packs of a session, each once, and publishes them. Whatever is given is hashed
/// first. One thread at a time.</summary>
/// <param name="firstNumber">Of both kinds of packs.</param>
internal sealed class NewCopies(BackupRepository repository, SessionId session, uint firstNumber) : IAsyncDisposable
{
    private readonly int chunkSizeBytes = repository.Settings.ChunkSizeBytes;
    private readonly Digest[] pages =
        new Digest[repository.Settings.ChunkSizeBytes / FormatLimits.PageSizeBytes];
    private readonly ChunkEncoder encoder = repository.NewEncoder();
    private readonly HashSet<(Digest Id, bool IsRecipe)> added = [];
    private readonly Dictionary<PackKind, PackBuilder> open = [];
    private readonly Dictionary<PackKind, uint> next =
        new() { [PackKind.Chunks] = firstNumber, [PackKind.Maps] = firstNumber };

    /// <summary>Bytes of records, one copy counted.</summary>
    public long BytesWritten { get; private set; }

    /// <summary>Whether a whole record, node or list is written anew already.</summary>
    public bool Has(Digest id) => added.Contains((id, false));

    /// <summary>Whether a record of this type, a recipe too, is written anew already.</summary>
    public bool Has(Digest id, RecordType type) => added.Contains((id, type == RecordType.Delta));

    /// <summary>Stores a chunk whole.</summary>
    /// <returns>False where these are not its bytes.</returns>
    public async Task<bool> AddChunkAsync(Digest id, ReadOnlyMemory<byte> chunk, CancellationToken token)
    {
        if (chunk.Length != chunkSizeBytes || repository.Hasher.IdOfChunk(chunk.Span, pages).Value != id)
        {
            return false;
        }

        if (added.Add((id, false)))
        {
            byte[] output = new byte[ChunkRecord.EncodedSizeMax(chunkSizeBytes)];
            PackEntry entry = encoder.Encode(new ChunkId(id), chunk.Span, pages, output);
            PackBuilder pack = await PackAsync(PackKind.Chunks, token);
            pack.Note(entry, pages);
            await AppendAsync(pack, output.AsMemory(0, (int)entry.LengthBytes), token);
        }

        return true;
    }

    /// <summary>Stores a node or list.</summary>
    /// <returns>False where this is not its body.</returns>
    public async Task<bool> AddMapAsync(RecordType type, Digest id, ReadOnlyMemory<byte> plain, CancellationToken token)
    {
        if (!IsMap(type, id, plain.Span))
        {
            return false;
        }

        if (added.Add((id, false)))
        {
            byte[] output = new byte[PlainRecord.WrittenSizeMax(plain.Length)];
            int lengthBytes = PlainRecord.Write(type, id, plain.Span, Compression.None, output);
            PackBuilder pack = await PackAsync(PackKind.Maps, token);
            pack.Note(PackEntry.Of(output.AsSpan(0, lengthBytes)), []);
            await AppendAsync(pack, output.AsMemory(0, lengthBytes), token);
        }

        return true;
    }

    /// <summary>Stores a good record as it is.</summary>
    public async Task AddRecordAsync(PackEntry entry, byte[] bytes, CancellationToken token)
    {
        if (!added.Add((entry.Id, entry.Type == RecordType.Delta)))
        {
            return;
        }

        PackBuilder pack = await PackAsync(
            entry.Type is RecordType.Whole or RecordType.Delta ? PackKind.Chunks : PackKind.Maps, token);
        if (entry.Type == RecordType.Delta)
        {
            pack.Note(entry, DeltaRecord.Read(Record.Read(bytes), pages.Length));
        }
        else if (entry.Type == RecordType.Whole)
        {
            byte[] chunk = new byte[chunkSizeBytes];
            ChunkRecord.Decode(bytes, chunk);
            repository.Hasher.IdOfChunk(chunk, pages);
            pack.Note(entry, pages);
        }
        else
        {
            pack.Note(entry, []);
        }

        await AppendAsync(pack, bytes, token);
    }

    /// <summary>Publishes what is open: chunk packs, then map packs.</summary>
    /// <exception cref="Storage.StoreException">The store is full or failed.</exception>
    public async Task PublishAsync(CancellationToken token)
    {
        await PublishAsync(PackKind.Chunks, token);
        await PublishAsync(PackKind.Maps, token);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (PackBuilder pack in open.Values)
        {
            await pack.DisposeAsync();
        }

        open.Clear();
    }

    private async Task PublishAsync(PackKind kind, CancellationToken token)
    {
        if (open.TryGetValue(kind, out PackBuilder? pack))
        {
            await pack.PublishAsync(token);
            await pack.DisposeAsync();
            open.Remove(kind);
        }
    }

    private async Task<PackBuilder> PackAsync(PackKind kind, CancellationToken token)
    {
        int targetBytes =
            kind == PackKind.Chunks ? FormatLimits.ChunkPackTargetBytes : FormatLimits.MapPackTargetBytes;
        if (open.TryGetValue(kind, out PackBuilder? pack) && pack.LengthBytes >= targetBytes)
        {
            await PublishAsync(kind, token);
            pack = null;
        }

        if (pack is null)
        {
            PackName name = new(kind, session, next[kind]++);
            int pageCount = kind == PackKind.Chunks ? pages.Length : 0;
            open[kind] = pack = await PackBuilder.CreateAsync(
                repository.Store, repository.Id, name, pageCount, token);
        }

        return pack;
    }

    private async Task AppendAsync(PackBuilder pack, ReadOnlyMemory<byte> record, CancellationToken token)
    {
        await pack.AppendAsync(record, token);
        BytesWritten += record.Length;
    }

    private bool IsMap(RecordType type, Digest id, ReadOnlySpan<byte> plain)
    {
        try
        {
            return id == (type == RecordType.Node
                ? repository.Hasher.IdOfNode(MapNode.HashedPartOf(plain)).Value
                : repository.Hasher.IdOfList(plain).Value);
        }
        catch (CorruptDataException)
        {
            return false;
        }
    }
}
