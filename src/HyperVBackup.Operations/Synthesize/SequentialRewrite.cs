using System.Threading.Channels;
using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Sessions;

namespace HyperVBackup.Operations.Synthesize;

/// <summary>
/// Stores the chunks of a disk once more, in disk order, in packs of the session, and gives a map of the same root
/// whose hints lead there. A chunk that the disk holds several times is stored once, unless two million others
/// come between. Used once.
/// </summary>
internal sealed class SequentialRewrite(
    BackupRepository repository, WritingSession session, ReadingSession reading, DiskPoint disk,
    EngineOptions options, IProgress<RestoreProgress> progress)
{
    /// <summary>About 200 MB.</summary>
    private const int PlacedCountMax = 2_000_000;

    private readonly ChunkEncoder encoder = repository.NewEncoder();
    private readonly Dictionary<ChunkId, RecordPlace> placed = [];
    private readonly byte[] record = new byte[ChunkRecord.EncodedSizeMax(disk.ChunkSizeBytes)];
    private readonly Digest[] pages = new Digest[disk.ChunkSizeBytes / FormatLimits.PageSizeBytes];

    public long BytesStored { get; private set; }

    /// <exception cref="RepositoryDamagedException">A chunk or node has no good copy left.</exception>
    public async Task<DiskMap> RunAsync(CancellationToken token)
    {
        DiskMap map = disk.Map();
        DiskMapWriter rewritten = new(
            DiskMap.Empty(map.ChunkSizeBytes, map.VirtualSizeBytes), map.VirtualSizeBytes, session.Nodes,
            session.Maps, repository.Hasher);
        MapChunkFeed feed = new(reading, disk, options);
        await feed.RunAsync(
            async (batch, ending) =>
            {
                for (int position = 0; position < batch.Count; position++)
                {
                    ChunkId id = batch.Chunks[position].Id;
                    RecordPlace place = await StoreAsync(id, batch.BytesAt(position), ending);
                    await rewritten.SetAsync(batch.Indexes[position], id, place, ending);
                }

                progress.Report(new RestoreProgress(
                    disk.Name, (batch.Indexes[batch.Count - 1] + 1) * disk.ChunkSizeBytes, disk.VirtualSizeBytes,
                    BytesStored));
            },
            token);
        return await rewritten.FinishAsync(token);
    }

    private async ValueTask<RecordPlace> StoreAsync(ChunkId id, ReadOnlyMemory<byte> chunk, CancellationToken token)
    {
        if (placed.TryGetValue(id, out RecordPlace known))
        {
            return known;
        }

        ChunkId found = repository.Hasher.IdOfChunk(chunk.Span, pages);
        Invariant.Check(found == id);
        PackEntry entry = encoder.Encode(id, chunk.Span, pages, record);
        RecordPlace[] places = new RecordPlace[1];
        await session.StoreAsync(
            new EncodedRecord[] { new(entry, pages) }, record.AsMemory(0, (int)entry.LengthBytes), places, token);
        BytesStored += entry.LengthBytes;
        if (placed.Count == PlacedCountMax)
        {
            placed.Clear(); // memory stays flat in the disk's size
        }

        placed[id] = places[0];
        return places[0];
    }
}
