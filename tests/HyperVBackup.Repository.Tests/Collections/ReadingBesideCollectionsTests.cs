using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Collections;

/// <summary>R1 to R5 while collections are proposed, decided and executed.</summary>
public sealed class ReadingBesideCollectionsTests : IAsyncLifetime
{
    private SampleRepository sample = null!;
    private SampleCollector collector = null!;
    private RestorePoint point = null!;

    public async ValueTask InitializeAsync()
    {
        sample = await SampleRepository.CreateAsync();
        collector = new SampleCollector(sample);
        point = await sample.BackUpAsync([1, 2]);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_point_that_a_collection_names_was_pruned(bool isWithTheLease)
    {
        if (isWithTheLease)
        {
            OnLease(() => collector.CondemnAsync(1, [point.Id], []));
        }
        else
        {
            await collector.CondemnAsync(1, [point.Id], []);
        }

        RestorePointNotFoundException refusal =
            await Assert.ThrowsAsync<RestorePointNotFoundException>(OpenAsync);
        Assert.Contains("was pruned", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(sample.NamesIn("leases/"));
    }

    [Fact]
    public async Task The_lease_names_the_point_and_the_number_seen_before_it()
    {
        await collector.RetireAsync(2, [], []);
        OnLease(() => collector.CondemnAsync(3, [], []));
        await using ReadingSession session = await OpenAsync();
        BlobName name = Assert.Single(sample.NamesIn("leases/"));
        Assert.True(SessionId.TryParse(name.Path.AsSpan(FileNames.LeaseFolder.Length), out SessionId id));
        Lease? lease = await sample.Repository.Leases.TryReadAsync(id, default);
        Assert.Equal((2, point.Id), (lease!.HighestCollection, lease.Point));
    }

    [Fact]
    public async Task A_point_whose_packs_were_collected_for_newer_copies_is_read_from_those()
    {
        PackName[] old = collector.PacksOf(point.Id);
        await using ReadingSession session = await OpenAsync();
        await CopyAsync();
        await collector.RetireAsync(1, [], [old.Single(pack => pack.Kind == PackKind.Chunks)]);
        await collector.ExecuteAsync(1);
        await AssertReadsAsync(session, [1, 2]);
    }

    [Fact]
    public async Task A_search_that_a_collection_overtook_is_repeated()
    {
        PackName old = collector.PacksOf(point.Id).Single(pack => pack.Kind == PackKind.Chunks);
        await using ReadingSession session = await OpenAsync();
        sample.Store.Before = call =>
        {
            if (call.Kind == StoreCallKind.Read && call.Name == old.BlobName)
            {
                // The reader has listed the packs or follows a hint; before it reads, all of this happens.
                sample.Store.Before = null;
                CopyAsync().GetAwaiter().GetResult();
                collector.RetireAsync(1, [], [old]).GetAwaiter().GetResult();
                collector.ExecuteAsync(1).GetAwaiter().GetResult();
                HideFromNextList("packs/");
            }
        };
        await AssertReadsAsync(session, [1, 2]);
    }

    [Fact]
    public async Task A_session_that_was_fenced_says_so_and_another_one_may_still_read()
    {
        ReadingSession session = await OpenAsync();
        SessionId id = Assert.Single(await SampleRepository.ToListAsync(sample.Repository.Leases.ListAsync(default)));
        await collector.FenceAsync(id);
        await AssertReadsAsync(session, [1, 2]); // what is still there is read
        await collector.RetireAsync(1, [point.Id], collector.PacksOf(point.Id));
        await collector.ExecuteAsync(1);
        await Assert.ThrowsAsync<SessionFencedException>(() => AssertReadsAsync(session, [1, 2]));
        await session.DisposeAsync();
        Assert.Empty(sample.NamesIn("leases/"));
        Assert.Empty(sample.NamesIn("points/")); // the fence it was given went with it
        await Assert.ThrowsAsync<RestorePointNotFoundException>(OpenAsync);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_lost_pack_without_a_fence_is_damage_whether_there_was_a_collection_or_not(int collections)
    {
        for (int number = 1; number <= collections; number++)
        {
            await collector.RetireAsync(number, [], []);
        }

        await using ReadingSession session = await OpenAsync();
        await sample.Store.DeleteAsync(
            new BlobName(collector.PacksOf(point.Id).Single(pack => pack.Kind == PackKind.Chunks).BlobName), default);
        await Assert.ThrowsAsync<RepositoryDamagedException>(() => AssertReadsAsync(session, [1, 2]));
        foreach (BlobName map in sample.Store.Names.Where(
            name => name.Path.Contains("maps/", StringComparison.Ordinal)))
        {
            await sample.Store.DeleteAsync(map, default);
        }

        await Assert.ThrowsAsync<CorruptDataException>(() => AssertReadsAsync(session, [1, 2]));
    }

    [Fact]
    public async Task Read_without_a_lease_a_point_that_is_collected_was_pruned()
    {
        sample.Store.Before = call =>
        {
            if (call.Kind == StoreCallKind.Put)
            {
                throw new StoreException("read-only");
            }
        };
        await using ReadingSession session = await OpenAsync();
        sample.Store.Before = null;
        await collector.RetireAsync(1, [point.Id], collector.PacksOf(point.Id));
        await collector.ExecuteAsync(1);
        await Assert.ThrowsAsync<RestorePointNotFoundException>(() => AssertReadsAsync(session, [1, 2]));
    }

    [Fact]
    public async Task A_writing_session_that_lost_what_it_inherits_says_whether_it_was_fenced()
    {
        foreach (bool isFenced in (bool[])[false, true])
        {
            await using WritingSession session =
                await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
            MemoryStore whole = sample.Store.Copy();
            if (isFenced)
            {
                await collector.FenceAsync(session.Id);
            }

            foreach (BlobName map in whole.Names.Where(name => name.Path.Contains("maps/", StringComparison.Ordinal)))
            {
                await sample.Store.DeleteAsync(map, default);
            }

            DiskPoint disk = point.Disks[0];
            Exception? loss = await Record.ExceptionAsync(async () => await session.Nodes.ReadNodeAsync(
                disk.TopNode, 1, disk.TopPlace, default));
            Assert.Equal(isFenced, loss is SessionFencedException);
            Assert.Equal(!isFenced, loss is CorruptDataException);
            foreach (BlobName map in whole.Names.Where(name => name.Path.Contains("maps/", StringComparison.Ordinal)))
            {
                sample.Store[map] = whole[map];
            }
        }
    }

    private static async Task AssertReadsAsync(ReadingSession session, int[] disk)
    {
        DiskPoint found = session.Point.Disks[0];
        DiskMap map = new(found.ChunkSizeBytes, found.VirtualSizeBytes, found.TopNode, found.TopPlace);
        DiskMapReader reader = new(map, session.Nodes);
        byte[] bytes = new byte[SampleRepository.ChunkSizeBytes];
        for (int index = 0; index < disk.Length; index++)
        {
            MapChunk chunk = await reader.FindAsync(index, default);
            await session.ReadChunkAsync(chunk.Id, chunk.Place, bytes, default);
            Assert.Equal(SampleRepository.Chunk(disk[index]), bytes);
            await session.ReadChunksAsync(new[] { chunk }, bytes, default);
            Assert.Equal(SampleRepository.Chunk(disk[index]), bytes);
        }
    }

    /// <summary>Stores both chunks once more, as a repack does.</summary>
    private async Task CopyAsync()
    {
        await using WritingSession session =
            await sample.Repository.OpenWritingSessionAsync(LeaseKind.Repack, default);
        foreach (int number in (int[])[1, 2])
        {
            EncodedRecord encoded = SampleRepository.Encode(number, out byte[] record);
            await session.StoreAsync(new[] { encoded }, record, new RecordPlace[1], default);
        }

        await session.CompleteWithoutPointAsync(default);
    }

    /// <summary>The next listing sees none of the blobs put so far: it began before them.</summary>
    private void HideFromNextList(string prefix)
    {
        Dictionary<BlobName, byte[]> hidden = [];
        foreach (BlobName name in sample.NamesIn(prefix))
        {
            hidden[name] = sample.Store[name];
            sample.Store.DeleteAsync(name, default).GetAwaiter().GetResult();
        }

        bool isListed = false;
        sample.Store.Before = call =>
        {
            if (isListed)
            {
                sample.Store.Before = null;
                foreach ((BlobName name, byte[] content) in hidden)
                {
                    sample.Store[name] = content;
                }
            }

            isListed |= call == new StoreCall(StoreCallKind.List, prefix);
        };
    }

    /// <summary>Does something the moment a lease stands.</summary>
    private void OnLease(Func<Task> then) => sample.Store.After = call =>
    {
        if (call.Kind == StoreCallKind.Put && call.Name.StartsWith("leases/", StringComparison.Ordinal))
        {
            sample.Store.After = null;
            then().GetAwaiter().GetResult();
        }
    };

    private Task<ReadingSession> OpenAsync() =>
        sample.Repository.OpenReadingSessionAsync(LeaseKind.Restore, point.Id, default);
}
