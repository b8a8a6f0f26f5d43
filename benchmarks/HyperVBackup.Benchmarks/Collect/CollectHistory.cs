using HyperVBackup.Benchmarks.Maps;
using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Sessions;

namespace HyperVBackup.Benchmarks.Collect;

/// <summary>A machine of many disks: a full, then points in each of which every disk changed a little, half of them
/// side by side and half anywhere. Half of all chunks are in the full.</summary>
internal sealed class CollectHistory(BackupRepository repository, CollectOrder order)
{
    private readonly Random random = new(1);
    private readonly SmallChunks chunks = new(repository);
    private readonly int chunksOfDisk = order.ChunkCount / 2 / order.DiskCount;
    private long storedCount;

    private int ChangedOfDisk => order.ChunkCount / 2 / order.DiskCount / Math.Max(1, order.PointCount - 1);

    /// <returns>The chunks stored.</returns>
    public async Task<long> MakeAsync()
    {
        RestorePoint? newest = null;
        for (int made = 0; made < order.PointCount; made++)
        {
            newest = await AddAsync(newest);
        }

        return storedCount;
    }

    public async Task<long> AddOneAsync()
    {
        chunks.BeginAt(2L * order.ChunkCount);
        await AddAsync((await repository.ListPointsAsync())[^1]);
        return storedCount;
    }

    private async Task<RestorePoint> AddAsync(RestorePoint? parent)
    {
        await using WritingSession session = await repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        List<DiskPoint> disks = [];
        for (int disk = 0; disk < order.DiskCount; disk++)
        {
            disks.Add(await AddDiskAsync(session, parent, disk));
        }

        VmName name = new("vm");
        RestorePoint point = new()
        {
            Id = session.Id,
            Sequence = (parent?.Sequence ?? 0) + 1,
            Time = DateTimeOffset.UnixEpoch,
            VmIdentity = name.Identity,
            VmName = name,
            Disks = disks,
        };
        await session.CommitAsync(point, default);
        return point;
    }

    private async Task<DiskPoint> AddDiskAsync(WritingSession session, RestorePoint? parent, int number)
    {
        long sizeBytes = (long)chunksOfDisk * repository.Settings.ChunkSizeBytes;
        DiskPoint? old = parent?.Disks[number];
        DiskMap before = old is null
            ? DiskMap.Empty(repository.Settings.ChunkSizeBytes, sizeBytes)
            : new DiskMap(old.ChunkSizeBytes, sizeBytes, old.TopNode, old.TopPlace);
        DiskMapWriter map = new(before, sizeBytes, repository.Nodes, session.Maps, repository.Hasher);
        ChangeListWriter changes = new(session.Maps, repository.Hasher);
        foreach (long[] batch in ChooseChanged(parent is null, number).Chunk(SmallChunks.BatchCountMax))
        {
            (ChunkId[] ids, RecordPlace[] places) = await chunks.StoreAsync(session, batch.Length);
            for (int index = 0; index < batch.Length; index++)
            {
                await map.SetAsync(batch[index], ids[index], places[index], default);
                await changes.AddAsync(new ChangedChunk(batch[index], ids[index]), default);
            }

            storedCount += batch.Length;
        }

        ListReference list = await changes.FinishAsync(default);
        DiskMap made = await map.FinishAsync(default);
        return new DiskPoint
        {
            Name = FormattableString.Invariant($"disk-{number}"),
            Kind = parent is null ? RestorePointKind.Full : RestorePointKind.Incremental,
            VirtualSizeBytes = sizeBytes,
            ChunkSizeBytes = repository.Settings.ChunkSizeBytes,
            Root = made.Root(repository.Hasher),
            TopNode = made.Top,
            TopPlace = made.TopPlace,
            Parent = parent?.Id ?? default,
            Lists = parent is null ? [] : [list],
        };
    }

    private IEnumerable<long> ChooseChanged(bool isFull, int number)
    {
        if (isFull)
        {
            return Enumerable.Range(0, chunksOfDisk).Select(index => (long)index);
        }

        bool isClustered = number % 2 == 0;
        int perMille = Math.Max(1, (int)Math.Round(1000.0 * ChangedOfDisk / chunksOfDisk));
        ChangePattern pattern = isClustered
            ? new ChangePattern("", perMille, 64, 256)
            : new ChangePattern("", perMille, 1, 1);
        return pattern.Choose(random, chunksOfDisk);
    }
}
