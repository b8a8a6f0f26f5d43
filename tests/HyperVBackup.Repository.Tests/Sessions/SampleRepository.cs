using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Sessions;

/// <summary>A repository of 16 KiB chunks in memory, and what its points must restore to. A disk is an array of small
/// numbers: 0 is a chunk of zeros, every other number a chunk of its own.</summary>
internal sealed class SampleRepository
{
    public const int ChunkSizeBytes = FormatLimits.ChunkSizeMinBytes;
    private static int environmentCount;

    private SampleRepository(MemoryStore store, BackupRepository repository) =>
        (Store, Repository) = (store, repository);

    public MemoryStore Store { get; }

    public BackupRepository Repository { get; }

    /// <summary>What each point's disk holds.</summary>
    public Dictionary<SessionId, int[]> Disks { get; } = [];

    public static RepositorySettings Settings => new()
    {
        ChunkSizeBytes = ChunkSizeBytes,
        Compression = Compression.Lz4,
        Created = DateTimeOffset.UnixEpoch,
    };

    /// <param name="seed">Gives the ids, where they must be the same each time.</param>
    /// <param name="parityPercent">Of parity beside the packs.</param>
    public static async Task<SampleRepository> CreateAsync(int? seed = null, int parityPercent = 0)
    {
        MemoryStore store = new();
        return new SampleRepository(
            store, await BackupRepository.InitializeAsync(
                store, Settings with { ParityPercent = parityPercent }, NewEnvironment(seed), default));
    }

    /// <summary>The same in a store of its own.</summary>
    public static async Task<SampleRepository> CopyOfAsync(SampleRepository other)
    {
        MemoryStore store = other.Store.Copy();
        return new SampleRepository(store, await OpenAsync(store));
    }

    /// <summary>The same points, in another store that holds them.</summary>
    public SampleRepository Over(MemoryStore store) => Over(store, Repository);

    /// <summary>The same, as another process has it open.</summary>
    public SampleRepository Over(MemoryStore store, BackupRepository repository)
    {
        SampleRepository other = new(store, repository);
        foreach ((SessionId point, int[] disk) in Disks)
        {
            other.Disks[point] = disk;
        }

        return other;
    }

    /// <summary>A host of its own, whose random ids no other has.</summary>
    /// <param name="seed">Gives the ids, where they must be the same each time; at least a million.</param>
    public static RepositoryEnvironment NewEnvironment(int? seed = null)
    {
        Random random = new(seed ?? Interlocked.Increment(ref environmentCount));
        return new RepositoryEnvironment
        {
            Clock = TimeProvider.System,
            Randomness = bytes =>
            {
                lock (random)
                {
                    random.NextBytes(bytes);
                }
            },
            HostName = "host",
            ProcessId = 7,
        };
    }

    public static Task<BackupRepository> OpenAsync(MemoryStore store) =>
        BackupRepository.OpenAsync(store, NewEnvironment(), default);

    /// <summary>Chunk <paramref name="number"/>: one page of zeros, three that compress well.</summary>
    public static byte[] Chunk(int number)
    {
        byte[] bytes = new byte[ChunkSizeBytes];
        if (number != 0)
        {
            bytes.AsSpan(FormatLimits.PageSizeBytes).Fill((byte)(number % 5 + 1));
            BitConverter.TryWriteBytes(bytes.AsSpan(ChunkSizeBytes - sizeof(int)), number);
        }

        return bytes;
    }

    public static ChunkId IdOf(int number) => Hash(Chunk(number)).Id;

    public static (ChunkId Id, Digest[] Pages) Hash(byte[] chunk)
    {
        Digest[] pages = new Digest[chunk.Length / FormatLimits.PageSizeBytes];
        return (ContentHasher.Plain.IdOfChunk(chunk, pages), pages);
    }

    public static EncodedRecord Encode(int number, out byte[] record)
    {
        byte[] chunk = Chunk(number);
        (ChunkId id, Digest[] pages) = Hash(chunk);
        byte[] output = new byte[ChunkRecord.EncodedSizeMax(ChunkSizeBytes)];
        PackEntry entry = new ChunkEncoder(ContentHasher.Plain, Compression.Lz4).Encode(id, chunk, pages, output);
        record = output[..(int)entry.LengthBytes];
        return new EncodedRecord(entry, pages);
    }

    /// <summary>Backs a disk up in a session of its own; incrementally where there is a parent.</summary>
    /// <param name="store">Stores chunks in another way than usual.</param>
    public async Task<RestorePoint> BackUpAsync(
        int[] disk, RestorePoint? parent = null, string vm = "vm",
        Func<WritingSession, int[], Task<RecordPlace[]>>? store = null)
    {
        await using WritingSession session = await Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        RestorePoint point = await WriteAsync(session, disk, parent, vm, store);
        await session.CommitAsync(point, default);
        Disks[point.Id] = disk;
        return point;
    }

    /// <summary>Stores all that a point needs; it is to be committed yet.</summary>
    public async Task<RestorePoint> WriteAsync(
        WritingSession session, int[] disk, RestorePoint? parent = null, string vm = "vm",
        Func<WritingSession, int[], Task<RecordPlace[]>>? store = null)
    {
        int[] before = parent is null ? [] : Disks[parent.Id];
        int[] changed =
            [.. Enumerable.Range(0, disk.Length).Where(index => disk[index] != before.ElementAtOrDefault(index))];
        RecordPlace[] places = await (store ?? StoreAsync)(session, [.. changed.Select(index => disk[index])]);
        DiskPoint? old = parent?.Disks[0];
        DiskMap start = old is null
            ? DiskMap.Empty(ChunkSizeBytes, 0)
            : new DiskMap(ChunkSizeBytes, old.VirtualSizeBytes, old.TopNode, old.TopPlace);
        DiskMapWriter writer =
            new(start, (long)disk.Length * ChunkSizeBytes, session.Nodes, session.Maps, Repository.Hasher);
        ChangeListWriter changes = new(session.Maps, Repository.Hasher);
        for (int position = 0; position < changed.Length; position++)
        {
            ChunkId id = IdOf(disk[changed[position]]);
            await writer.SetAsync(changed[position], id, places[position], default);
            await changes.AddAsync(new ChangedChunk(changed[position], id), default);
        }

        DiskMap map = await writer.FinishAsync(default);
        ListReference list = await changes.FinishAsync(default);
        ListReference file = await ConfigurationFiles.WriteAsync(
            new ConfigurationFile("vm.vmcx", "settings"u8.ToArray()), session.Maps, Repository.Hasher, default);
        return PointOf(session.Id, parent, vm) with
        {
            Disks = [DiskOf(map, disk, parent) with { Lists = parent is null ? [] : [list] }],
            ConfigurationFiles = [file],
        };
    }

    /// <summary>Classifies, encodes and stores one batch as a backup does.</summary>
    public static async Task<RecordPlace[]> StoreAsync(WritingSession session, int[] numbers)
    {
        ChunkId[] ids = [.. numbers.Select(IdOf)];
        RecordPlace[] places = new RecordPlace[ids.Length];
        ChunkFate[] fates = new ChunkFate[ids.Length];
        await session.ClassifyAsync(ids, places, fates, default);
        int[] fresh = [.. Enumerable.Range(0, ids.Length).Where(position => fates[position] == ChunkFate.New)];
        List<EncodedRecord> encoded = [];
        List<byte> records = [];
        foreach (int position in fresh)
        {
            encoded.Add(Encode(numbers[position], out byte[] record));
            records.AddRange(record);
        }

        RecordPlace[] freshPlaces = new RecordPlace[fresh.Length];
        await session.StoreAsync(encoded.ToArray(), records.ToArray(), freshPlaces, default);
        for (int position = 0; position < fresh.Length; position++)
        {
            places[fresh[position]] = freshPlaces[position];
        }

        return [.. ids.Select((id, position) =>
            fates[position] == ChunkFate.Repeated ? session.PlaceOf(id) : places[position])];
    }

    /// <summary>Reads a point's disk: right bytes, or the exceptions that say that something is lost.</summary>
    /// <returns>Whether all of it could be read.</returns>
    public static async Task<bool> ReadsRightAsync(BackupRepository repository, SessionId id, int[] disk)
    {
        try
        {
            await using ReadingSession session =
                await repository.OpenReadingSessionAsync(LeaseKind.Restore, id, default);
            DiskPoint point = session.Point.Disks[0];
            DiskMapReader reader = new(
                new DiskMap(point.ChunkSizeBytes, point.VirtualSizeBytes, point.TopNode, point.TopPlace),
                session.Nodes);
            Assert.Equal(disk.Length, reader.Map.ChunkCount);
            byte[] bytes = new byte[ChunkSizeBytes];
            for (int index = 0; index < disk.Length; index++)
            {
                MapChunk chunk = await reader.FindAsync(index, default);
                bytes.AsSpan().Clear();
                if (!chunk.Id.IsZero)
                {
                    await session.ReadChunkAsync(chunk.Id, chunk.Place, bytes, default);
                }

                Assert.True(Chunk(disk[index]).AsSpan().SequenceEqual(bytes), $"chunk {index} reads wrong");
            }

            return true;
        }
        catch (Exception loss) when (loss is CorruptDataException or RepositoryException)
        {
            return false;
        }
    }

    public static async Task<List<T>> ToListAsync<T>(IAsyncEnumerable<T> items)
    {
        List<T> list = [];
        await foreach (T item in items)
        {
            list.Add(item);
        }

        return list;
    }

    /// <summary>The blobs whose name begins so.</summary>
    public IReadOnlyList<BlobName> NamesIn(string prefix) =>
        [.. Store.Names.Where(name => name.Path.StartsWith(prefix, StringComparison.Ordinal))];

    private static RestorePoint PointOf(SessionId id, RestorePoint? parent, string vm) => new()
    {
        Id = id,
        Sequence = (parent?.Sequence ?? 0) + 1,
        Time = DateTimeOffset.UnixEpoch,
        VmIdentity = new VmName(vm).Identity,
        VmName = new VmName(vm),
        Disks = [],
    };

    private DiskPoint DiskOf(DiskMap map, int[] disk, RestorePoint? parent) => new()
    {
        Name = "disk",
        Kind = parent is null ? RestorePointKind.Full : RestorePointKind.Incremental,
        VirtualSizeBytes = map.VirtualSizeBytes,
        ChunkSizeBytes = ChunkSizeBytes,
        Root = map.Root(Repository.Hasher),
        TopNode = map.Top,
        TopPlace = map.TopPlace,
        Parent = parent?.Id ?? default,
        Statistics = new DiskStatistics { ChunksNonZero = disk.Count(number => number != 0) },
    };
}
