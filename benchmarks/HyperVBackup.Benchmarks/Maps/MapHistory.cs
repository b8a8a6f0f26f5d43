using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Sessions;

namespace HyperVBackup.Benchmarks.Maps;

/// <summary>Publishes the points of machines with one disk each, without chunk data: maps, lists and points only.
/// </summary>
internal sealed class MapHistory(BackupRepository repository, long virtualSizeBytes, Random random)
{
    private static readonly DateTimeOffset time = DateTimeOffset.UnixEpoch;
    private readonly int chunkSizeBytes = repository.Settings.ChunkSizeBytes;

    public long ChunkCount => virtualSizeBytes / chunkSizeBytes;

    /// <summary>A full of a disk without a chunk of zeros.</summary>
    public async Task<RestorePoint> AddFullAsync(string vm)
    {
        await using WritingSession session = await repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        DiskMapWriter map = new(
            DiskMap.Empty(chunkSizeBytes, virtualSizeBytes), virtualSizeBytes, repository.Nodes, session.Maps,
            repository.Hasher);
        CountedChunks chunks = new(session.Id);
        for (long index = 0; index < ChunkCount; index++)
        {
            (ChunkId id, var place) = chunks.Next();
            await map.SetAsync(index, id, place, default);
        }

        DiskMap made = await map.FinishAsync(default);
        return await CommitAsync(session, vm, 1, Describe(made, RestorePointKind.Full, default, []));
    }

    /// <summary>A full of another machine whose disk holds the same.</summary>
    public async Task<RestorePoint> AddTwinAsync(string vm, RestorePoint full)
    {
        await using WritingSession session = await repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        return await CommitAsync(session, vm, 1, full.Disks[0]);
    }

    /// <summary>An incremental in which <paramref name="changed"/> changed, ascending.</summary>
    public async Task<RestorePoint> AddIncrementalAsync(RestorePoint parent, List<long> changed)
    {
        await using WritingSession session = await repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        DiskPoint disk = parent.Disks[0];
        DiskMap before = new(chunkSizeBytes, virtualSizeBytes, disk.TopNode, disk.TopPlace);
        DiskMapWriter map = new(before, virtualSizeBytes, repository.Nodes, session.Maps, repository.Hasher);
        ChangeListWriter changes = new(session.Maps, repository.Hasher);
        RangeListWriter ranges = new(ListKind.ReportedRanges, session.Maps, repository.Hasher);
        CountedChunks chunks = new(session.Id);
        foreach (long index in changed)
        {
            (ChunkId id, var place) = chunks.Next();
            await map.SetAsync(index, id, place, default);
            await changes.AddAsync(new ChangedChunk(index, id), default);
        }

        foreach ((long first, long count) in Runs(changed))
        {
            await ranges.AddAsync(new ListedRange(first * chunkSizeBytes, count * chunkSizeBytes), default);
        }

        ListReference[] lists = [await changes.FinishAsync(default), await ranges.FinishAsync(default)];
        DiskMap made = await map.FinishAsync(default);
        return await CommitAsync(
            session, parent.VmName.Text, parent.Sequence + 1,
            Describe(made, RestorePointKind.Incremental, parent.Id, lists));
    }

    /// <summary>So many incrementals after a full; the last of them.</summary>
    public async Task<RestorePoint> AddIncrementalsAsync(RestorePoint full, ChangePattern pattern, int count)
    {
        RestorePoint newest = full;
        for (int made = 0; made < count; made++)
        {
            newest = await AddIncrementalAsync(newest, pattern.Choose(random, ChunkCount));
        }

        return newest;
    }

    private static IEnumerable<(long First, long Count)> Runs(List<long> indexes)
    {
        int start = 0;
        for (int end = 1; end <= indexes.Count; end++)
        {
            if (end == indexes.Count || indexes[end] != indexes[end - 1] + 1)
            {
                yield return (indexes[start], end - start);
                start = end;
            }
        }
    }

    private DiskPoint Describe(
        DiskMap map, RestorePointKind kind, SessionId parent, IReadOnlyList<ListReference> lists) => new()
    {
        Name = "disk",
        Kind = kind,
        VirtualSizeBytes = virtualSizeBytes,
        ChunkSizeBytes = chunkSizeBytes,
        LogicalSectorSizeBytes = FormatLimits.SectorSizeMinBytes,
        Root = map.Root(repository.Hasher),
        TopNode = map.Top,
        TopPlace = map.TopPlace,
        Parent = parent,
        Lists = lists,
    };

    private static async Task<RestorePoint> CommitAsync(
        WritingSession session, string vm, long sequence, DiskPoint disk)
    {
        VmName name = new(vm);
        RestorePoint point = new()
        {
            Id = session.Id,
            Sequence = sequence,
            Time = time,
            VmIdentity = name.Identity,
            VmName = name,
            Disks = [disk],
        };
        await session.CommitAsync(point, default);
        return point;
    }
}
