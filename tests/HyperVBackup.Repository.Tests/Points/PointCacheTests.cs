using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Points;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Index;
using HyperVBackup.Repository.Tests.Maintenance;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Points;

/// <summary>Whatever a host keeps of restore points it has read, the store says which there are.</summary>
public sealed class PointCacheTests : IDisposable
{
    private readonly StateFolder state = new();

    public void Dispose() => state.Dispose();

    [Fact]
    public async Task A_point_is_read_once_and_a_fence_each_time()
    {
        SampleRepository sample = await ThreePointsAsync();
        await FenceAsync(sample, Id(99));
        await RequireRightAsync(sample);
        CallLog log = new(sample.Store);
        await RequireRightAsync(sample);
        Assert.Equal([FileNames.RestorePoint(Id(99))], PointReads(log));
        await sample.BackUpAsync([9], vm: "new");
        log = new CallLog(sample.Store);
        await RequireRightAsync(sample);
        Assert.Equal(2, PointReads(log).Count());
    }

    [Fact]
    public async Task Only_many_new_or_gone_points_have_the_cache_written_anew()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint point = await sample.BackUpAsync([1]);
        for (int number = 0; number < 127; number++)
        {
            await PutAsync(sample, point with { Id = Id(number) });
        }

        await RequireRightAsync(sample);
        byte[] kept = File.ReadAllBytes(PathOf(sample));
        await PutAsync(sample, point with { Id = Id(200) });
        await PutAsync(sample, point with { Id = Id(201) });
        await RequireRightAsync(sample);
        Assert.Equal(kept, File.ReadAllBytes(PathOf(sample)));
        await DeleteAsync(sample, Id(3));
        await RequireRightAsync(sample);
        Assert.NotEqual(kept, File.ReadAllBytes(PathOf(sample)));
    }

    [Fact]
    public async Task A_deleted_point_is_not_shown()
    {
        SampleRepository sample = await ThreePointsAsync();
        await RequireRightAsync(sample);
        foreach (SessionId id in sample.Disks.Keys)
        {
            await DeleteAsync(sample, id);
            await RequireRightAsync(sample);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_fence_put_where_a_collection_deleted_a_point_is_no_point(bool isListedWhileRetired)
    {
        SampleRepository sample = await ThreePointsAsync();
        SessionId id = sample.Disks.Keys.First();
        BlobName mark = new(FileNames.PruneMark(id));
        await RequireRightAsync(sample);
        sample.Store[mark] = [];
        sample.Store[new BlobName(FileNames.Retired(1))] = [];
        if (isListedWhileRetired)
        {
            await RequireRightAsync(sample);
        }

        await DeleteAsync(sample, id);
        await sample.Store.DeleteAsync(mark, default);
        await FenceAsync(sample, id);
        await RequireRightAsync(sample);
    }

    [Fact]
    public async Task A_collection_that_retires_while_points_are_listed_makes_the_cache_void()
    {
        SampleRepository sample = await ThreePointsAsync();
        SessionId id = sample.Disks.Keys.First();
        await RequireRightAsync(sample);
        int listCount = 0;
        sample.Store.Before = call =>
        {
            if (call is { Kind: StoreCallKind.List, Name: FileNames.RetiredFolder } && ++listCount == 2)
            {
                sample.Store[new BlobName(FileNames.Retired(1))] = [];
                sample.Store[new BlobName(FileNames.RestorePoint(id))] = Fence(sample, id);
            }
        };
        Assert.DoesNotContain(id, (await ListAsync(sample, state.Root)).Select(point => point.Id));
    }

    [Fact]
    public async Task Any_byte_of_it_changed_and_any_part_of_it_missing_makes_it_void()
    {
        SampleRepository sample = await ThreePointsAsync();
        await RequireRightAsync(sample);
        byte[] bytes = File.ReadAllBytes(PathOf(sample));
        RepositoryId id = sample.Repository.Id;
        Assert.Equal(3, PointCacheFile.Decode(bytes, id, 0).Count);
        Assert.Empty(PointCacheFile.Decode(bytes, id, 1));
        for (int position = 0; position < bytes.Length; position++)
        {
            byte[] changed = [.. bytes];
            changed[position] ^= (byte)(1 << (position % 8));
            Assert.Throws<CorruptDataException>(() => PointCacheFile.Decode(changed, id, 0));
            Assert.Throws<CorruptDataException>(() => PointCacheFile.Decode(bytes.AsSpan(0, position), id, 0));
        }
    }

    [Fact]
    public async Task Whatever_stands_in_the_file_the_answer_is_the_same()
    {
        SampleRepository sample = await ThreePointsAsync();
        await RequireRightAsync(sample);
        byte[] good = File.ReadAllBytes(PathOf(sample));
        Random random = new(2026);
        for (int turn = 0; turn < 60; turn++)
        {
            byte[] bytes = [.. good, .. good];
            int start = random.Next(bytes.Length - 50);
            random.NextBytes(bytes.AsSpan(start, random.Next(50)));
            byte[] content = bytes[..random.Next(bytes.Length)];
            if (turn % 2 == 0 && content.Length > good.Length - 40)
            {
                // As by a program with other rules: all is well but what the entries hold.
                content = [.. good[..^16], .. content.AsSpan(good.Length - 40)];
                PointCacheChecksum.Write(content.AsSpan(0, content.Length - 16), content.AsSpan(content.Length - 16));
            }

            File.WriteAllBytes(PathOf(sample), content);
            await RequireRightAsync(sample);
            Assert.Equal(3, PointCacheFile.Decode(File.ReadAllBytes(PathOf(sample)), sample.Repository.Id, 0).Count);
        }
    }

    [Fact]
    public async Task That_of_another_repository_is_of_no_use()
    {
        SampleRepository sample = await ThreePointsAsync();
        SampleRepository other = await SampleRepository.CreateAsync();
        SessionId id = sample.Disks.Keys.First();
        RestorePoint alien = await other.BackUpAsync([5], vm: "alien");
        await PutAsync(other, alien with { Id = id });
        await RequireRightAsync(sample);
        await RequireRightAsync(other);
        File.Copy(PathOf(other), PathOf(sample), overwrite: true);
        await RequireRightAsync(sample);
    }

    [Theory]
    [InlineData("state")]
    [InlineData("state/points")]
    [InlineData("state/points/ID")]
    [InlineData("state/points/ID/cache/folder/file")]
    public async Task A_state_folder_that_cannot_be_used_costs_nothing_but_time(string file)
    {
        SampleRepository sample = await ThreePointsAsync();
        string path = Path.Join(
            state.Root, file.Replace("ID", sample.Repository.Id.ToString(), StringComparison.Ordinal));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "in the way");
        await RequireRightAsync(sample, Path.Join(state.Root, "state"));
        await RequireRightAsync(sample, Path.Join(state.Root, "state"));
        Assert.Equal("in the way", File.ReadAllText(path));
    }

    [Fact]
    public async Task Many_that_read_and_write_it_at_once_get_right_answers()
    {
        SampleRepository sample = await ThreePointsAsync();
        List<RestorePoint> points = await ListAsync(sample, null);
        await Parallel.ForAsync(0, 200, async (turn, token) =>
        {
            PointCache cache = new(state.Root, sample.Repository.Id);
            cache.Save(0, points[(turn % 3)..]);
            foreach ((string name, RestorePoint found) in cache.Read(0))
            {
                RestorePoint right = points.Single(point => FileNames.RestorePoint(point.Id) == name);
                Assert.Equal(right.Write(), found.Write());
            }

            await RequireRightAsync(sample);
        });
    }

    [Fact]
    public async Task A_point_damaged_since_is_still_listed_and_restore_and_verification_notice()
    {
        SampleRepository sample = await ThreePointsAsync();
        await RequireRightAsync(sample);
        SessionId id = sample.Disks.Keys.First();
        foreach (string name in (string[])[FileNames.RestorePoint(id), FileNames.RestorePointMirror(id)])
        {
            sample.Store[new BlobName(name)][^1] ^= 1;
        }

        BackupRepository repository = await OpenAsync(sample, state.Root);
        Assert.Equal(3, (await repository.ListPointsAsync(default)).Count);
        await Assert.ThrowsAsync<RepositoryDamagedException>(
            () => repository.OpenReadingSessionAsync(LeaseKind.Restore, id, default));
        VerificationReport report = await repository.NewVerification(new VerificationOptions())
            .RunAsync(new Silence<VerificationProgress>(), default);
        Assert.Contains(report.Damage, damage => damage.File == FileNames.RestorePoint(id));
    }

    [Fact]
    public async Task A_point_whose_first_copy_is_damaged_is_not_kept()
    {
        SampleRepository sample = await ThreePointsAsync();
        SessionId id = sample.Disks.Keys.First();
        sample.Store[new BlobName(FileNames.RestorePoint(id))][^1] ^= 1;
        await RequireRightAsync(sample);
        sample.Store[new BlobName(FileNames.RestorePointMirror(id))][^1] ^= 1;
        Assert.Equal(2, (await ListAsync(sample, state.Root)).Count);
    }

    private static async Task<SampleRepository> ThreePointsAsync()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint first = await sample.BackUpAsync([1, 2]);
        await sample.BackUpAsync([1, 3], first);
        await sample.BackUpAsync([4], vm: "other");
        return sample;
    }

    private Task RequireRightAsync(SampleRepository sample) => RequireRightAsync(sample, state.Root);

    private static async Task RequireRightAsync(SampleRepository sample, string stateFolder)
    {
        List<RestorePoint> cached = await ListAsync(sample, stateFolder);
        Action<StoreCall>? before = sample.Store.Before;
        sample.Store.Before = null;
        List<RestorePoint> right = await ListAsync(sample, null);
        sample.Store.Before = before;
        Assert.Equal(right.Select(point => point.Id), cached.Select(point => point.Id));
        Assert.Equal(right.Select(point => point.Write()), cached.Select(point => point.Write()));
    }

    private static async Task<List<RestorePoint>> ListAsync(SampleRepository sample, string? stateFolder) =>
        await (await OpenAsync(sample, stateFolder)).ListPointsAsync(default);

    private static Task<BackupRepository> OpenAsync(SampleRepository sample, string? stateFolder) =>
        BackupRepository.OpenAsync(
            sample.Store, SampleRepository.NewEnvironment() with { StateFolder = stateFolder }, default);

    private static IEnumerable<string> PointReads(CallLog log) => log.Calls
        .Where(call => call.Kind == StoreCallKind.Read
            && call.Name.StartsWith(FileNames.RestorePointFolder, StringComparison.Ordinal))
        .Select(call => call.Name);

    private static Task PutAsync(SampleRepository sample, RestorePoint point) =>
        new CommitName(sample.Store, sample.Repository.Id, point.Id).CommitAsync(point, default);

    private static Task DeleteAsync(SampleRepository sample, SessionId id) =>
        sample.Store.DeleteAsync(new BlobName(FileNames.RestorePoint(id)), default);

    private static async Task FenceAsync(SampleRepository sample, SessionId id) =>
        Assert.True(await new CommitName(sample.Store, sample.Repository.Id, id).TryFenceAsync(default));

    private static byte[] Fence(SampleRepository sample, SessionId id)
    {
        byte[] fence = new byte[FileHeader.SizeBytes];
        new FileHeader(FileKind.Fence, sample.Repository.Id, FileNames.RestorePoint(id)).WriteTo(fence);
        return fence;
    }

    private static SessionId Id(int number)
    {
        byte[] bytes = new byte[SessionId.SizeBytes];
        BitConverter.TryWriteBytes(bytes, number + 1);
        return new SessionId(bytes);
    }

    private string PathOf(SampleRepository sample) =>
        Path.Join(state.Root, "points", sample.Repository.Id.ToString(), "cache");
}
