using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Index;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Sessions;
using Xunit;

namespace HyperVBackup.Repository.Tests.Index;

/// <summary>An index that begins with nothing saved.</summary>
public sealed class LoadingIndexTests : KeptIndexContract, IDisposable
{
    private const int ChunkCount = 500;
    private static readonly RepositoryId Repository = IndexSample.Repository(0);
    private readonly StateFolder state = new();

    internal override IChunkIndex Open() =>
        ChunkIndexFolder.OpenToLoad(state.Root, Repository, IndexSample.SmallBudgetBytes);

    public void Dispose() => state.Dispose();

    [Fact]
    public async Task What_it_was_told_before_it_is_asked_is_kept_and_so_is_what_follows()
    {
        await using (IChunkIndex index = Open())
        {
            Assert.IsType<LoadingIndex>(index);
            Tell(index, 0);
            Tell(index, 1);
            Assert.Equal(2 * ChunkCount, index.EntryCount);
            Assert.False(index.Covers(IndexSample.Session(0)));
            Assert.Equal(2, index.RequireRight(3, ChunkCount));
            await index.SaveSessionsAsync(2, 1, ChunkCount);
            Assert.Equal(3, index.RequireRight(4, ChunkCount));
        }

        await using IChunkIndex again = Open();
        Assert.IsType<FasterChunkIndex>(again);
        Assert.Equal(3, again.RequireRight(4, ChunkCount));
    }

    [Fact]
    public async Task What_it_was_told_and_is_neither_asked_nor_saved_is_not_kept()
    {
        await using (IChunkIndex index = Open())
        {
            Tell(index, 0);
        }

        await using IChunkIndex again = Open();
        Assert.Equal(0, again.RequireRight(1, ChunkCount));
    }

    [Fact]
    public async Task Another_process_works_beside_it_with_what_is_saved()
    {
        await using IChunkIndex index = Open();
        Tell(index, 0);
        await using (IChunkIndex beside = Open())
        {
            Assert.IsType<MemoryChunkIndex>(beside);
            await beside.SaveSessionsAsync(1, 1, ChunkCount);
            Tell(index, 1);
        }

        Assert.Equal(2, index.RequireRight(2, ChunkCount));
        await using IChunkIndex later = Open();
        Assert.IsType<ChunkIndexView>(later);
        Assert.Equal(2, later.RequireRight(2, ChunkCount));
    }

    [Theory]
    [InlineData("table-1")]
    [InlineData("manifest")]
    public async Task One_that_cannot_be_written_is_given_up(string name)
    {
        await using (IChunkIndex index = Open())
        {
            Tell(index, 0);
            Directory.CreateDirectory(Path.Join(state.FolderOf(Repository), name, "in the way"));
            Assert.Equal(0, index.RequireRight(1, ChunkCount));
            Assert.Equal(ChunkIndexState.Abandoned, index.State);
            Tell(index, 1);
            await index.SaveAsync(default);
            Assert.Equal((0, 0), (index.EntryCount, index.NotIndexedCount));
        }

        Directory.Delete(Path.Join(state.FolderOf(Repository), name), recursive: true);
        await using IChunkIndex again = Open();
        Assert.Equal(0, again.RequireRight(2, ChunkCount));
        await again.SaveSessionsAsync(0, 1, ChunkCount);
        Assert.Equal(1, again.RequireRight(2, ChunkCount));
    }

    /// <summary>More packs than are read one after the other.</summary>
    [Fact]
    public async Task A_session_without_an_index_loads_all_packs_and_the_next_reads_none()
    {
        const int PointCount = 40;
        SampleRepository sample = await SampleRepository.CreateAsync();
        for (int number = 1; number <= PointCount; number++)
        {
            await sample.BackUpAsync([number], vm: $"vm{number}");
        }

        List<IChunkIndex> opened = [];
        BackupRepository repository = await BackupRepository.OpenAsync(
            sample.Store,
            SampleRepository.NewEnvironment() with
            {
                StateFolder = state.Root,
                WatchIndex = index =>
                {
                    opened.Add(index);
                    return index;
                },
            },
            default);
        for (int round = 0; round < 2; round++)
        {
            await using WritingSession session = await repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
            ChunkFate[] fates = new ChunkFate[PointCount + 1];
            ChunkId[] ids = [.. Enumerable.Range(1, PointCount + 1).Select(SampleRepository.IdOf)];
            await session.ClassifyAsync(ids, new Format.Packs.RecordPlace[ids.Length], fates, default);
            Assert.Equal([.. Enumerable.Repeat(ChunkFate.Stored, PointCount), ChunkFate.New], fates);
        }

        Assert.IsType<LoadingIndex>(opened[0]);
        Assert.IsType<FasterChunkIndex>(opened[1]);
    }

    private static void Tell(IChunkIndex index, int session)
    {
        index.Add(IndexSample.Pack(session), IndexSample.Entries(session, ChunkCount));
        index.Cover(IndexSample.Session(session));
    }
}
