using System.Runtime.CompilerServices;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Packs;

/// <summary>Reads bytes of packs, and finds the copies of a record through the packs' footers. Thread-safe.</summary>
internal sealed class RecordFinder(IBlobStore store, PackTables tables) : IRecordCopies
{
    private readonly MovedRecords movedChunks = new(store, tables, PackKind.Chunks);
    private readonly MovedRecords movedMaps = new(store, tables, PackKind.Maps);

    public string Description => store.Description;

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

    /// <summary>Where rewritten packs hold a chunk's record, as far as they are kept at hand.</summary>
    public ValueTask<List<RecordPlace>> FindMovedAsync(Digest id, CancellationToken token) =>
        movedChunks.FindAsync(id, token);

    /// <summary>Every place where a pack's table names a record of an id, of whatever type; rewritten packs come first,
    /// as that is where records are that are not where they were, and may come twice.</summary>
    public async IAsyncEnumerable<RecordPlace> CopiesAsync(
        PackKind kind, Digest id, [EnumeratorCancellation] CancellationToken token)
    {
        MovedRecords moved = kind == PackKind.Chunks ? movedChunks : movedMaps;
        foreach (RecordPlace place in await moved.FindAsync(id, token))
        {
            yield return place;
        }

        await foreach (PackName pack in StandingPacks.ListAsync(store, kind, token))
        {
            foreach (PackEntry entry in (await tables.TryGetAsync(pack, token))?.FindAll(id) ?? [])
            {
                moved.Note(pack);
                yield return new RecordPlace(pack, entry.OffsetBytes, entry.LengthBytes);
            }
        }
    }
}
