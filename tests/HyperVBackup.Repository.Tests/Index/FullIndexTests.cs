using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Index;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Maintenance.Collect;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Index;

/// <summary>A memory budget that is used: dedup is given up, counted and told.</summary>
public sealed class FullIndexTests : IDisposable
{
    private const int EntryCountMax = 100;
    private const long HostMemoryBytes = 2 * IndexSizes.BudgetBytesMin;
    private static readonly RepositoryId Repository = IndexSample.Repository(0);
    private readonly StateFolder state = new();

    public void Dispose() => state.Dispose();

    [Fact]
    public async Task What_is_given_up_is_counted_over_openings_until_a_larger_budget_has_room()
    {
        await using (IChunkIndex index = OpenFew())
        {
            await index.SaveSessionsAsync(0, 1, 60);
            await index.SaveSessionsAsync(1, 1, 60);
            Assert.Equal((EntryCountMax, 20), (index.EntryCount, index.NotIndexedCount));
            Assert.Equal(ChunkIndexState.Full, index.State);
        }

        await using (IChunkIndex index = OpenFew())
        {
            Assert.Equal(ChunkIndexState.Full, index.State);
            await index.SaveSessionsAsync(2, 1, 7);
            Assert.Equal((EntryCountMax, 27), (index.EntryCount, index.NotIndexedCount));
            Assert.Equal(1, index.RequireRight(3, 60));
        }

        IndexStatistics saved = ChunkIndexFolder.TryMeasure(state.Root, Repository)!;
        Assert.Equal((EntryCountMax, 27), (saved.EntryCount, saved.NotIndexedCount));
        Assert.True(saved.FileBytes > EntryCountMax * LogEntry.SizeBytes);
        await using IChunkIndex larger = state.Open(Repository);
        Assert.Equal((ChunkIndexState.Working, 0), (larger.State, larger.NotIndexedCount));
        await larger.SaveSessionsAsync(1, 2, 60);
        Assert.Equal(3, larger.RequireRight(3, 60));
    }

    [Fact]
    public async Task Hooks_leave_half_of_the_room_to_chunks()
    {
        await using IChunkIndex index = OpenFew();
        for (int session = 0; session < EntryCountMax; session++)
        {
            IndexEntry chunk = IndexSample.Entry(session, 0);
            IndexEntry hook = chunk with { Id = HookKey.Of(chunk.Id.Value) };
            index.Add(IndexSample.Pack(session), [chunk, hook]);
        }

        ChunkId[] chunks = [.. Enumerable.Range(0, EntryCountMax).Select(session => IndexSample.Chunk(session, 0))];
        Assert.Equal(EntryCountMax * 3 / 4, index.Find(chunks).Count(place => !place.IsUnknown));
        ChunkId[] hooks = [.. chunks.Select(id => HookKey.Of(id.Value))];
        Assert.Equal(EntryCountMax / 4, index.Find(hooks).Count(place => !place.IsUnknown));
    }

    [Fact]
    public async Task Entries_beyond_a_smaller_budget_are_found_and_their_table_takes_no_memory()
    {
        IndexSizes sizes = IndexSample.SettlingSizes(10, 1000);
        await using (IChunkIndex index = Open(sizes))
        {
            await index.SaveSessionsAsync(0, 2, 600);
        }

        await using IChunkIndex smaller = Open(sizes with { SettledBytesMax = 100, EntryCountMax = 12 });
        Assert.Equal(2, smaller.RequireRight(3, 600));
        Assert.Equal(ChunkIndexState.Full, smaller.State);
    }

    [Fact]
    public void Nothing_saved_or_a_damaged_manifest_measures_as_nothing()
    {
        Assert.Null(ChunkIndexFolder.TryMeasure(state.Root, Repository));
        Directory.CreateDirectory(state.FolderOf(Repository));
        File.WriteAllBytes(state.ManifestOf(Repository), new byte[1000]);
        Assert.Null(ChunkIndexFolder.TryMeasure(state.Root, Repository));
    }

    [Fact]
    public async Task A_backup_says_how_many_chunks_it_could_not_index()
    {
        List<string> warnings = [];
        MemoryStore store = new();
        RepositoryEnvironment environment = SampleRepository.NewEnvironment() with
        {
            MemoryBudgetBytes = 1000, // half of it has room for two entries
            Warn = warnings.Add,
        };
        BackupRepository repository =
            await BackupRepository.InitializeAsync(store, SampleRepository.Settings, environment, default);
        await using (WritingSession session = await repository.OpenWritingSessionAsync(
            LeaseKind.Backup, default))
        {
            await SampleRepository.StoreAsync(session, [1, 2, 3, 4, 5]);
            await session.FlushAsync(default);
        }

        Assert.Contains("3 entries are not in it", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Statistics_tell_what_the_index_of_this_host_holds()
    {
        RepositoryEnvironment environment = SampleRepository.NewEnvironment() with { StateFolder = state.Root };
        BackupRepository repository = await BackupRepository.InitializeAsync(
            new MemoryStore(), SampleRepository.Settings, environment, default);
        Assert.Null((await repository.MeasureAsync(default)).Index);
        await using (WritingSession session = await repository.OpenWritingSessionAsync(
            LeaseKind.Backup, default))
        {
            await SampleRepository.StoreAsync(session, [1, 2, 3]);
            await session.FlushAsync(default);
        }

        RepositoryStatistics statistics = await repository.MeasureAsync(default);
        Assert.Equal((6, 0), (statistics.Index!.EntryCount, statistics.Index.NotIndexedCount));
    }

    [Fact]
    public async Task A_full_index_whose_packs_were_collected_is_made_anew_of_those_that_are_there()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint old = await sample.BackUpAsync([1, 2]);
        await FillAsync(sample);
        await sample.BackUpAsync([3, 4], old);
        await sample.MarkAsync(old);
        BackupRepository host = await OpenHostAsync(sample);
        Assert.Equal(ChunkFate.New, await FateOfAsync(host, 3));
        await sample.CollectAsync(CollectSample.WithoutRepacking);
        Assert.Equal(ChunkFate.Stored, await FateOfAsync(host, 3));
        IndexStatistics saved = ChunkIndexFolder.TryMeasure(state.Root, sample.Repository.Id)!;
        Assert.InRange(saved.EntryCount, 1, 100);
    }

    [Fact]
    public async Task With_a_full_index_no_session_looks_for_packs_that_it_cannot_take()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await sample.BackUpAsync([1, 2]);
        await FillAsync(sample);
        await sample.BackUpAsync([3, 4], vm: "other");
        CallLog log = new(sample.Store);
        await using WritingSession session =
            await (await OpenHostAsync(sample)).OpenWritingSessionAsync(LeaseKind.Backup, default);
        Assert.DoesNotContain(
            log.Calls, call => call.Name.StartsWith(FileNames.ChunkPackFolder, StringComparison.Ordinal));
    }

    /// <summary>Fills the index of a host, as if the repository's one chunk pack held as much as it takes.</summary>
    private async Task FillAsync(SampleRepository sample)
    {
        await using IChunkIndex index = ChunkIndexFolder.Open(
            state.Root, sample.Repository.Id, ChunkIndexFolder.BudgetOf(HostMemoryBytes));
        for (int round = 0; index.State == ChunkIndexState.Working; round++)
        {
            index.Add(sample.Packs(PackKind.Chunks).Single(), IndexSample.Entries(round, 100_000));
        }

        await index.SaveAsync(default);
    }

    private Task<BackupRepository> OpenHostAsync(SampleRepository sample) => BackupRepository.OpenAsync(
        sample.Store,
        SampleRepository.NewEnvironment() with { StateFolder = state.Root, MemoryBudgetBytes = HostMemoryBytes },
        default);

    private static async Task<ChunkFate> FateOfAsync(BackupRepository host, int number)
    {
        await using WritingSession session = await host.OpenWritingSessionAsync(LeaseKind.Backup, default);
        ChunkFate[] fates = new ChunkFate[1];
        await session.ClassifyAsync(
            new[] { SampleRepository.IdOf(number) }, new RecordPlace[1], fates, default);
        return fates[0];
    }

    private IChunkIndex OpenFew() => Open(IndexSample.SmallSizes with { EntryCountMax = EntryCountMax });

    private IChunkIndex Open(IndexSizes sizes) => ChunkIndexFolder.Open(
        state.Root, Repository, IndexSample.SmallBudgetBytes, new Watchdog(ChunkIndexFolder.Patience), sizes);
}
