using Xunit;

namespace HyperVBackup.Storage.Tests;

/// <summary>What every blob store promises; each store's own class runs all of it.</summary>
public abstract class BlobStoreContract : BlobMendingContract
{
    private const int LargeBytes = 5 * 1024 * 1024;
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>What the store's clock shows, about.</summary>
    protected abstract DateTimeOffset ExpectedTime { get; }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(70_000)]
    [InlineData(LargeBytes)]
    public async Task A_blob_put_is_read_back_whole(int lengthBytes)
    {
        byte[] content = Content(lengthBytes, seed: 1);
        Assert.True(await Store.TryPutAsync(new BlobName("packs/ab/x-0"), content, None));
        Assert.Equal(lengthBytes, await Store.TryGetLengthAsync(new BlobName("packs/ab/x-0"), None));
        Assert.Equal(content, await ReadAllAsync(Store, "packs/ab/x-0"));
    }

    [Fact]
    public async Task A_blob_written_in_pieces_is_their_concatenation()
    {
        await using IBlobWriter writer = await Store.CreateAsync(new BlobName("packs/ab/x-0"), None);
        List<byte> expected = [];
        for (int index = 0; index < 40; index++)
        {
            byte[] piece = Content(index * 997, index);
            await writer.AppendAsync(piece, None);
            expected.AddRange(piece);
            Assert.Equal(expected.Count, writer.LengthBytes);
        }

        Assert.True(await writer.TryPublishAsync(None));
        Assert.Equal(expected, await ReadAllAsync(Store, "packs/ab/x-0"));
    }

    [Theory]
    [InlineData(0, 10, 10)]
    [InlineData(95, 10, 5)]
    [InlineData(100, 10, 0)]
    [InlineData(5_000_000_000, 10, 0)]
    [InlineData(40, 0, 0)]
    public async Task A_read_gives_fewer_bytes_only_at_the_end(long offsetBytes, int askedBytes, int expectedBytes)
    {
        byte[] content = Content(100, seed: 2);
        await Store.TryPutAsync(new BlobName("a"), content, None);
        byte[] buffer = new byte[askedBytes];
        Assert.Equal(expectedBytes, await Store.TryReadAsync(new BlobName("a"), offsetBytes, buffer, None));
        Assert.Equal(content.Skip((int)Math.Min(offsetBytes, 100)).Take(expectedBytes), buffer.Take(expectedBytes));
    }

    [Fact]
    public async Task A_large_range_out_of_a_large_blob_is_read_in_full()
    {
        byte[] content = Content(LargeBytes, seed: 3);
        await Store.TryPutAsync(new BlobName("a"), content, None);
        byte[] buffer = new byte[3_000_001];
        Assert.Equal(buffer.Length, await Store.TryReadAsync(new BlobName("a"), 1_000_003, buffer, None));
        Assert.True(content.AsSpan(1_000_003, buffer.Length).SequenceEqual(buffer));
    }

    [Fact]
    public async Task A_missing_blob_is_null()
    {
        await Store.TryPutAsync(new BlobName("packs/ab/x-0"), new byte[1], None);
        foreach (string missing in new[] { "packs/ab/x-1", "points/x", "packs/ab", "packs", "packs/ab/x-0/y" })
        {
            Assert.Null(await Store.TryGetLengthAsync(new BlobName(missing), None));
            Assert.Null(await Store.TryReadAsync(new BlobName(missing), 0, new byte[1], None));
        }
    }

    [Fact]
    public async Task A_name_is_taken_once_and_keeps_its_first_content()
    {
        byte[] first = Content(1000, seed: 4);
        Assert.True(await Store.TryPutAsync(new BlobName("points/a"), first, None));
        Assert.False(await Store.TryPutAsync(new BlobName("points/a"), Content(10, seed: 5), None));
        Assert.Equal(first, await ReadAllAsync(Store, "points/a"));
        Assert.Equal(0, TemporaryCount);
    }

    [Fact]
    public async Task The_stores_time_is_told_and_nothing_is_left_of_asking()
    {
        await Store.TryPutAsync(new BlobName("repository"), new byte[1], None);
        Assert.Equal(ExpectedTime, await Store.ReadTimeAsync(None), TimeSpan.FromHours(1));
        Assert.Equal(0, TemporaryCount);
        Assert.Equal("repository", (await ListAsync(Store, "")).Single());
    }

    [Fact]
    public async Task Publishing_onto_a_name_taken_meanwhile_returns_false_and_changes_nothing()
    {
        byte[] first = Content(1000, seed: 6);
        await using IBlobWriter writer = await Store.CreateAsync(new BlobName("points/a"), None);
        await writer.AppendAsync(Content(2000, seed: 7), None);
        Assert.True(await Store.TryPutAsync(new BlobName("points/a"), first, None));
        Assert.False(await writer.TryPublishAsync(None));
        Assert.Equal(first, await ReadAllAsync(Store, "points/a"));
        Assert.Equal(0, TemporaryCount);
    }

    [Fact]
    public async Task Eight_threads_that_claim_one_name_have_exactly_one_winner()
    {
        for (int round = 0; round < 50; round++)
        {
            BlobName name = new($"condemned/{round}");
            using Barrier start = new(8);
            bool[] isWinner = await Task.WhenAll(Enumerable.Range(0, 8).Select(claimant => Task.Factory.StartNew(
                () =>
                {
                    start.SignalAndWait();
                    return Store.TryPutAsync(name, new[] { (byte)claimant }, None);
                },
                None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap()));
            int winner = Assert.Single(Enumerable.Range(0, 8), claimant => isWinner[claimant]);
            Assert.Equal(new[] { (byte)winner }, (await ReadAllAsync(Store, name.Path))!);
        }

        Assert.Equal(0, TemporaryCount);
    }

    [Fact]
    public async Task An_unpublished_writer_shows_nothing_and_leaves_nothing()
    {
        await using (IBlobWriter writer = await Store.CreateAsync(new BlobName("packs/ab/x-0"), None))
        {
            await writer.AppendAsync(Content(1000, seed: 8), None);
            Assert.Equal(1, TemporaryCount);
            Assert.Null(await Store.TryGetLengthAsync(new BlobName("packs/ab/x-0"), None));
            Assert.Empty(await ListAsync(Store, ""));
        }

        Assert.Equal(0, TemporaryCount);
        Assert.Empty(await ListAsync(Store, ""));
    }

    [Fact]
    public async Task A_published_writer_takes_no_more()
    {
        await using IBlobWriter writer = await Store.CreateAsync(new BlobName("a"), None);
        Assert.True(await writer.TryPublishAsync(None));
        await Assert.ThrowsAsync<InvalidOperationException>(() => writer.AppendAsync(new byte[1], None).AsTask());
        await Assert.ThrowsAsync<InvalidOperationException>(() => writer.TryPublishAsync(None));
        await writer.DisposeAsync();
        Assert.Empty((await ReadAllAsync(Store, "a"))!);
    }

    [Fact]
    public async Task A_listing_shows_every_name_put_before_that_begins_with_the_prefix()
    {
        string[] names =
            ["repository", "packs/ab/abc-0", "packs/ab/abc-1", "packs/ab/abd-0", "packs/ac/x-0", "points/x"];
        foreach (string name in names)
        {
            await Store.TryPutAsync(new BlobName(name), new byte[1], None);
            Assert.Contains(name, await ListAsync(Store, ""));
        }

        string[] prefixes =
        [
            "", "packs/", "packs/ab/", "packs/ab/abc-", "packs/ab", "packs/a", "p", "leases/", "packs/zz/", "points/xy",
        ];
        foreach (string prefix in prefixes)
        {
            IEnumerable<string> expected = names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal));
            Assert.Equal(expected.Order(StringComparer.Ordinal), await ListAsync(Store, prefix));
        }
    }

    [Theory]
    [InlineData("../")]
    [InlineData("/")]
    [InlineData("packs//")]
    [InlineData("packs/.tmp-")]
    [InlineData("packs/../")]
    [InlineData("Packs")]
    public async Task A_listing_refuses_what_no_name_begins_with(string prefix)
    {
        await Store.TryPutAsync(new BlobName("a"), new byte[1], None);
        if (prefix == "packs/.tmp-")
        {
            Assert.Empty(await ListAsync(Store, prefix));
            return;
        }

        await Assert.ThrowsAsync<ArgumentException>(() => ListAsync(Store, prefix));
    }

    [Fact]
    public async Task A_name_that_was_never_checked_is_refused()
    {
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Store.CreateAsync(default, None));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Store.TryPutAsync(default, new byte[1], None));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Store.TryGetLengthAsync(default, None).AsTask());
        await Assert.ThrowsAnyAsync<ArgumentException>(
            () => Store.TryReadAsync(default, 0, new byte[1], None).AsTask());
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Store.DeleteAsync(default, None));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Store.FlushNamesAsync(default, None));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Store.MendAsync(default, 0, new byte[1], None));
    }

    [Fact]
    public async Task A_deleted_blob_is_gone_and_deleting_again_is_no_error()
    {
        BlobName name = new("packs/ab/x-0");
        await Store.TryPutAsync(name, Content(100_000, seed: 9), None);
        await ReadAllAsync(Store, name.Path);
        await Store.DeleteAsync(name, None);
        await Store.DeleteAsync(name, None);
        await Store.DeleteAsync(new BlobName("points/x"), None);
        Assert.Null(await Store.TryReadAsync(name, 0, new byte[1], None));
        Assert.Empty(await ListAsync(Store, ""));
        byte[] second = Content(100_000, seed: 10);
        Assert.True(await Store.TryPutAsync(name, second, None));
        Assert.Equal(second, await ReadAllAsync(Store, name.Path));
    }

    [Fact]
    public async Task Only_the_abandoned_temporaries_are_deleted_and_their_writers_cannot_publish()
    {
        await Store.TryPutAsync(new BlobName("packs/ab/abc-0"), new byte[1], None);
        await using IBlobWriter abandoned = await Store.CreateAsync(new BlobName("packs/ab/abc-1"), None);
        await using IBlobWriter other = await Store.CreateAsync(new BlobName("packs/ab/abd-0"), None);
        await using IBlobWriter top = await Store.CreateAsync(new BlobName("repository"), None);
        List<string> asked = [];
        await Store.DeleteTemporariesAsync(
            name =>
            {
                asked.Add(name.Path);
                return name.Path.Contains("abc", StringComparison.Ordinal);
            },
            None);
        Assert.Equal(["packs/ab/abc-1", "packs/ab/abd-0", "repository"], asked.Order(StringComparer.Ordinal));
        Assert.Equal(2, TemporaryCount);
        await Assert.ThrowsAsync<StoreException>(() => abandoned.TryPublishAsync(None));
        Assert.True(await other.TryPublishAsync(None));
        Assert.True(await top.TryPublishAsync(None));
        Assert.Equal(["packs/ab/abc-0", "packs/ab/abd-0", "repository"], await ListAsync(Store, ""));
    }

    [Fact]
    public async Task Temporary_files_are_removed_by_age_where_asked_for()
    {
        await using IBlobWriter kept = await Store.CreateAsync(new BlobName("pins/a"), None);
        await using IBlobWriter writer = await Store.CreateAsync(new BlobName("pins/b"), None);
        await Store.DeleteTemporariesAsync(_ => true, TimeSpan.FromDays(1), None);
        Assert.Equal(2, TemporaryCount);
        await Store.DeleteTemporariesAsync(name => name.Path == "pins/b", TimeSpan.Zero, None);
        Assert.Equal(1, TemporaryCount);
        await Assert.ThrowsAsync<StoreException>(() => writer.TryPublishAsync(None));
        Assert.True(await kept.TryPublishAsync(None));
    }

    /// <summary>Who lost the race for a name may have its file cleaned up before it learns so.</summary>
    [Fact]
    public async Task A_writer_whose_name_was_taken_loses_also_when_its_temporary_is_gone()
    {
        BlobName name = new("condemned/1");
        await using IBlobWriter late = await Store.CreateAsync(name, None);
        await late.AppendAsync(new byte[2], None);
        Assert.True(await Store.TryPutAsync(name, new byte[1], None));
        await Store.DeleteTemporariesAsync(_ => true, None);
        Assert.False(await late.TryPublishAsync(None));
        Assert.Equal(new byte[1], await ReadAllAsync(Store, name.Path));
    }

    [Fact]
    public async Task A_cancelled_call_has_no_effect()
    {
        await Store.TryPutAsync(new BlobName("a"), new byte[1], None);
        CancellationToken cancelled = new(canceled: true);
        BlobName name = new("b");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.CreateAsync(name, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.TryPutAsync(name, new byte[1], cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.DeleteAsync(new BlobName("a"), cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Store.MendAsync(new BlobName("a"), 0, new byte[] { 1 }, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Store.DeleteTemporariesAsync(_ => true, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Store.TryReadAsync(new BlobName("a"), 0, new byte[1], cancelled).AsTask());
        await using (IBlobWriter writer = await Store.CreateAsync(name, None))
        {
            await writer.AppendAsync(new byte[1], None);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writer.TryPublishAsync(cancelled));
        }

        Assert.Equal(0, TemporaryCount);
        Assert.Equal(["a"], await ListAsync(Store, ""));
    }

    /// <summary>What all of the protocol of writers and collectors rests on.</summary>
    [Fact]
    public async Task A_listing_shows_every_name_put_before_it_began_whatever_comes_and_goes_beside_it()
    {
        const int nameCount = 300;
        int putCount = 0;
        await Store.TryPutAsync(new BlobName("leases/first"), new byte[1], None);
        Task put = Task.Run(
            async () =>
            {
                for (int index = 0; index < nameCount; index++)
                {
                    BlobName passing = new($"leases/passing-{index}");
                    await Store.TryPutAsync(passing, new byte[1], None);
                    await Store.TryPutAsync(new BlobName($"leases/{index}"), new byte[1], None);
                    Volatile.Write(ref putCount, index + 1);
                    await Store.DeleteAsync(passing, None);
                }
            },
            None);
        for (int seen = 0; seen < nameCount;)
        {
            seen = Volatile.Read(ref putCount);
            HashSet<string> listed = [.. await ListAsync(Store, "leases/")];
            Assert.All(Enumerable.Range(0, seen), index => Assert.Contains($"leases/{index}", listed));
        }

        await put;
    }

    [Fact]
    public async Task Of_many_that_put_under_one_name_at_once_one_wins_and_its_content_stays()
    {
        const int roundCount = 50;
        const int claimantCount = 8;
        for (int round = 0; round < roundCount; round++)
        {
            BlobName name = new($"points/{round}");
            bool[] answers = await Task.WhenAll(Enumerable.Range(0, claimantCount).Select(claimant => Task.Run(
                () => Store.TryPutAsync(name, new byte[] { (byte)claimant }, None), None)));
            int winner = Assert.Single(Enumerable.Range(0, claimantCount), claimant => answers[claimant]);
            Assert.Equal(new[] { (byte)winner }, await ReadAllAsync(Store, name.Path));
        }
    }

    [Fact]
    public async Task It_is_told_whether_listings_may_lag_behind()
    {
        await Store.TryPutAsync(new BlobName("a"), new byte[1], None);
        Assert.Null(await Store.FindListingDoubtAsync(None));
    }

    [Fact]
    public async Task Many_readers_of_many_blobs_read_right_while_others_are_deleted()
    {
        const int blobCount = 100;
        byte[][] contents = [.. Enumerable.Range(0, blobCount).Select(index => Content(70_000 + index, index))];
        for (int index = 0; index < blobCount; index++)
        {
            await Store.TryPutAsync(new BlobName($"packs/{index}"), contents[index], None);
        }

        Task delete = Parallel.ForAsync(0, blobCount / 2, async (index, token) =>
            await Store.DeleteAsync(new BlobName($"packs/{index * 2}"), token));
        await Parallel.ForAsync(0, 2000, async (step, token) =>
        {
            int index = step * 37 % blobCount;
            byte[] buffer = new byte[100];
            int? count = await Store.TryReadAsync(new BlobName($"packs/{index}"), step * 30, buffer, token);
            Assert.True(count is not null || index % 2 == 0);
            Assert.True(count is null || contents[index].AsSpan(step * 30, count.Value).SequenceEqual(buffer));
        });
        await delete;
    }
}
