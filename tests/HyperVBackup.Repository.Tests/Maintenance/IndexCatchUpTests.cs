using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Index;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Index;
using HyperVBackup.Repository.Tests.Maintenance.Collect;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance;

/// <summary>An index that learns from packs' tables what sessions of any host stored.</summary>
public sealed class IndexCatchUpTests
{
    [Theory]
    [InlineData(3)]
    [InlineData(SessionLimits.CatchUpOneByOneMax + 3)]
    public async Task What_other_sessions_stored_is_found_once_and_then_covered(int sessionCount)
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        HashSet<SessionId> decided = [];
        for (int number = 1; number <= sessionCount; number++)
        {
            decided.Add((await sample.BackUpAsync([number], vm: $"vm{number}")).Id);
        }

        await using MemoryChunkIndex index = new(1 << 20);
        CallLog log = new(sample.Store);
        IndexCatchUp catchUp = new(sample.Store, sample.Repository.Id, index, AbsentSet.None);
        await catchUp.RunAsync(decided, decided, default);
        await index.SaveAsync(default);
        Assert.Equal(sessionCount, catchUp.EntryCount);
        int listCount = log.Calls.Count(call => call.Kind == StoreCallKind.List);
        Assert.Equal(sessionCount <= SessionLimits.CatchUpOneByOneMax ? sessionCount : 1, listCount);
        RecordPlace[] places = index.Find([.. Enumerable.Range(1, sessionCount).Select(SampleRepository.IdOf)]);
        Assert.All(places, place => Assert.Contains(place.Pack.Session, decided));
        Assert.All(decided, session => Assert.True(index.Covers(session)));

        CallLog again = new(sample.Store);
        await new IndexCatchUp(sample.Store, sample.Repository.Id, index, AbsentSet.None)
            .RunAsync(decided, decided, default);
        Assert.Empty(again.Calls);
    }

    [Fact]
    public async Task Sessions_not_decided_are_read_but_not_covered_and_damaged_packs_passed_over()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        SessionId open = (await sample.BackUpAsync([1])).Id;
        SessionId damaged = (await sample.BackUpAsync([2], vm: "other")).Id;
        sample.Store[sample.NamesIn($"packs/{damaged.ToString()[..2]}/{damaged}")[0]] = new byte[1000];
        await using MemoryChunkIndex index = new(1 << 20);
        await new IndexCatchUp(sample.Store, sample.Repository.Id, index, AbsentSet.None)
            .RunAsync([open, damaged], new HashSet<SessionId> { damaged }, default);
        await index.SaveAsync(default);
        Assert.False(index.Covers(open));
        RecordPlace[] places = index.Find([SampleRepository.IdOf(1), SampleRepository.IdOf(2)]);
        Assert.Equal([open, default], places.Select(place => place.Pack.Session));
    }

    [Fact]
    public async Task A_rebuilt_index_holds_every_chunk_and_the_next_session_needs_no_catching_up()
    {
        using StateFolder folder = new();
        SampleRepository sample = await SampleRepository.CreateAsync();
        await sample.BackUpAsync([1, 2, 3]);
        await sample.BackUpAsync([4, 1], vm: "other");
        BackupRepository repository = await BackupRepository.OpenAsync(
            sample.Store,
            SampleRepository.NewEnvironment() with { StateFolder = folder.Root, MemoryBudgetBytes = 64 << 20 },
            default);
        Assert.Equal(4, await repository.RebuildIndexAsync(new Silence<IndexProgress>(), default));
        CallLog log = new(sample.Store);
        await using WritingSession session = await repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        Assert.DoesNotContain(log.Calls, call => call.Name.StartsWith("packs/", StringComparison.Ordinal));
        ChunkFate[] fates = new ChunkFate[5];
        await session.ClassifyAsync(
            Enumerable.Range(1, 5).Select(SampleRepository.IdOf).ToArray(), new RecordPlace[5], fates, default);
        Assert.Equal(
            [ChunkFate.Stored, ChunkFate.Stored, ChunkFate.Stored, ChunkFate.Stored, ChunkFate.New], fates);
    }

    [Fact]
    public async Task A_host_finds_what_another_stored_and_stores_again_what_is_gone_from_under_its_index()
    {
        using StateFolder folder = new();
        SampleRepository sample = await SampleRepository.CreateAsync();
        BackupRepository host = await BackupRepository.OpenAsync(
            sample.Store,
            SampleRepository.NewEnvironment() with { StateFolder = folder.Root, MemoryBudgetBytes = 64 << 20 },
            default);
        RestorePoint point = await sample.BackUpAsync([1, 2]);
        Assert.Equal([ChunkFate.Stored, ChunkFate.Stored], await FatesAsync(host));
        await sample.Store.DeleteAsync(sample.NamesIn("packs/")[0], default);
        Assert.Equal([ChunkFate.New, ChunkFate.New], await FatesAsync(host));
        Assert.False(await SampleRepository.ReadsRightAsync(host, point.Id, [1, 2]));
    }

    /// <summary>The points that stored chunks 1 and 2 are collected, and a newer one needs them.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_sessions_stored_whose_points_were_collected_is_found_by_every_host(bool isKnownBefore)
    {
        using StateFolder folder = new();
        SampleRepository sample = await SampleRepository.CreateAsync();
        await sample.BackUpAsync([7], vm: "other");
        BackupRepository host = await BackupRepository.OpenAsync(
            sample.Store,
            SampleRepository.NewEnvironment() with { StateFolder = folder.Root, MemoryBudgetBytes = 64 << 20 },
            default);
        if (isKnownBefore)
        {
            await SaveAsync(host);
        }

        RestorePoint point = await sample.BackUpAsync([1, 3]);
        for (int number = 0; number < 2; number++)
        {
            RestorePoint old = point;
            point = await sample.BackUpAsync([1, number == 0 ? 2 : 4, 2], old);
            await sample.MarkAsync(old);
            await sample.CollectAsync(CollectSample.WithoutRepacking);
        }

        Assert.Equal([ChunkFate.Stored, ChunkFate.Stored], await FatesAsync(host));
        await SaveAsync(host);
        CallLog log = new(sample.Store);
        Assert.Equal([ChunkFate.Stored, ChunkFate.Stored], await FatesAsync(host));
        Assert.DoesNotContain(new StoreCall(StoreCallKind.List, FileNames.ChunkPackFolder), log.Calls);
        await host.RebuildIndexAsync(new Silence<IndexProgress>(), default);
        log = new CallLog(sample.Store);
        Assert.Equal([ChunkFate.Stored, ChunkFate.Stored], await FatesAsync(host));
        Assert.DoesNotContain(new StoreCall(StoreCallKind.List, FileNames.ChunkPackFolder), log.Calls);
    }

    private static async Task SaveAsync(BackupRepository repository)
    {
        await using WritingSession session = await repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        await session.FlushAsync(default);
    }

    private static async Task<ChunkFate[]> FatesAsync(BackupRepository repository)
    {
        await using WritingSession session = await repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        ChunkFate[] fates = new ChunkFate[2];
        await session.ClassifyAsync(
            new[] { SampleRepository.IdOf(1), SampleRepository.IdOf(2) }, new RecordPlace[2], fates, default);
        return fates;
    }
}
