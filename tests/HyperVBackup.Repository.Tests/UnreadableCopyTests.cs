using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Index;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests;

/// <summary>A place of the disk under the repository cannot be read any more: the store says so with an error.
/// </summary>
public sealed class UnreadableCopyTests
{
    private const int ChunkBytes = 64 << 10;
    private readonly MemoryStore store = new();
    private int seed;

    [Theory]
    [InlineData("points/")]
    [InlineData("maps/")]
    [InlineData("repository")]
    public async Task What_stands_twice_is_read_from_its_second_copy(string unreadable)
    {
        SessionId point = await CommitAsync();
        FailReadsOf(unreadable);
        BackupRepository repository = await OpenAsync();
        RestorePoint found = Assert.Single(await repository.ListPointsAsync(CancellationToken.None));
        Assert.Equal(point, found.Id);
        DiskMap map = new(ChunkBytes, ChunkBytes, found.Disks[0].TopNode, found.Disks[0].TopPlace);
        MapChunk chunk = await new DiskMapReader(map, repository.Nodes).FindAsync(0, CancellationToken.None);
        Assert.False(chunk.Id.IsZero);
    }

    [Theory]
    [InlineData("points/", "points/")]
    [InlineData("repository", "repository")]
    [InlineData("mirror/repository", "mirror/repository")]
    [InlineData("maps/", "maps/")]
    [InlineData("packs/", "packs/")]
    public async Task Verification_reports_what_cannot_be_read_and_goes_on(string unreadable, string reported)
    {
        await CommitAsync();
        FailReadsOf(unreadable);
        VerificationReport report = await (await OpenAsync())
            .NewVerification(new VerificationOptions { ReadDataPercent = 100, WorkerCount = 1 })
            .RunAsync(new NoProgress(), CancellationToken.None);
        Assert.Contains(report.Damage, damage => damage.File.StartsWith(reported, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_pack_that_cannot_be_read_does_not_stop_the_next_backup()
    {
        await CommitAsync();
        FailReadsOf("packs/");
        await CommitAsync();
        Assert.Equal(2, (await (await OpenAsync()).ListPointsAsync(CancellationToken.None)).Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_session_whose_packs_could_not_be_read_is_not_taken_for_indexed(bool isReadable)
    {
        SessionId session = await CommitAsync();
        RepositoryId id = (await OpenAsync()).Id;
        FailReadsOf(isReadable ? "nothing/" : "packs/");
        await using MemoryChunkIndex index = new(1 << 20);
        HashSet<SessionId> decided = [session];
        await new IndexCatchUp(store, id, index, AbsentSet.None).RunAsync(decided, decided, CancellationToken.None);
        await index.SaveAsync(CancellationToken.None);
        Assert.Equal(isReadable, index.Covers(session));
    }

    [Fact]
    public async Task A_fence_under_the_name_of_another_session_hides_no_point()
    {
        SessionId point = await CommitAsync();
        RepositoryId id = (await OpenAsync()).Id;
        byte[] fence = new byte[FileHeader.SizeBytes];
        new FileHeader(FileKind.Fence, id, FileNames.RestorePoint(NewId())).WriteTo(fence);
        store[new BlobName(FileNames.RestorePoint(point))] = fence;
        Assert.Single(await (await OpenAsync()).ListPointsAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_lease_that_cannot_be_deleted_does_not_fail_a_commit()
    {
        store.Before = call => Fail(call.Kind == StoreCallKind.Delete);
        await CommitAsync();
    }

    private static void Fail(bool isFailing)
    {
        if (isFailing)
        {
            throw new StoreException("Input/output error");
        }
    }

    private void FailReadsOf(string prefix) => store.Before = call =>
        Fail(call.Kind == StoreCallKind.Read && call.Name.StartsWith(prefix, StringComparison.Ordinal));

    private SessionId NewId()
    {
        byte[] bytes = new byte[SessionId.SizeBytes];
        new Random(++seed).NextBytes(bytes);
        return new SessionId(bytes);
    }

    private async Task<BackupRepository> OpenAsync()
    {
        Random random = new(++seed);
        RepositoryEnvironment environment = new() { Clock = TimeProvider.System, Randomness = random.NextBytes };
        RepositorySettings settings = new() { ChunkSizeBytes = ChunkBytes, Created = DateTimeOffset.UnixEpoch };
        return store.Names.Count == 0
            ? await BackupRepository.InitializeAsync(store, settings, environment, CancellationToken.None)
            : await BackupRepository.OpenAsync(store, environment, CancellationToken.None);
    }

    private async Task<SessionId> CommitAsync()
    {
        BackupRepository repository = await OpenAsync();
        await using WritingSession session =
            await repository.OpenWritingSessionAsync(LeaseKind.Backup, CancellationToken.None);
        byte[] chunk = new byte[ChunkBytes];
        chunk.AsSpan().Fill(7);
        Digest[] pages = new Digest[ChunkBytes / 4096];
        ChunkId id = repository.Hasher.IdOfChunk(chunk, pages);
        RecordPlace[] places = new RecordPlace[1];
        ChunkFate[] fates = new ChunkFate[1];
        await session.ClassifyAsync(new[] { id }, places, fates, CancellationToken.None);
        if (fates[0] == ChunkFate.New)
        {
            byte[] record = new byte[ChunkRecord.EncodedSizeMax(ChunkBytes)];
            PackEntry entry = new ChunkEncoder(repository.Hasher, Compression.None).Encode(id, chunk, pages, record);
            await session.StoreAsync(
                new[] { new EncodedRecord(entry, pages) }, record.AsMemory(0, (int)entry.LengthBytes), places,
                CancellationToken.None);
        }

        DiskMapWriter writer = new(
            DiskMap.Empty(ChunkBytes, ChunkBytes), ChunkBytes, repository.Nodes, session.Maps, repository.Hasher);
        await writer.SetAsync(0, id, places[0], CancellationToken.None);
        DiskMap map = await writer.FinishAsync(CancellationToken.None);
        await session.CommitAsync(PointOf(session, map, repository.Hasher), CancellationToken.None);
        return session.Id;
    }

    private static RestorePoint PointOf(WritingSession session, DiskMap map, ContentHasher hasher) => new()
    {
        Id = session.Id,
        Sequence = session.Points.Count + 1,
        Time = DateTimeOffset.UnixEpoch,
        VmIdentity = "name:vm",
        VmName = new VmName("vm"),
        Disks =
        [
            new DiskPoint
            {
                Name = "disk",
                Kind = RestorePointKind.Full,
                VirtualSizeBytes = ChunkBytes,
                ChunkSizeBytes = ChunkBytes,
                Root = map.Root(hasher),
                TopNode = map.Top,
                TopPlace = map.TopPlace,
            },
        ],
    };

    private sealed class NoProgress : IProgress<VerificationProgress>
    {
        public void Report(VerificationProgress value)
        {
        }
    }
}
