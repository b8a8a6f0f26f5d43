using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using HyperVBackup.Disks;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Repository;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Operations.Tests;

/// <summary>Maps say the same about two points as their bytes do.</summary>
public sealed class DiffTests
{
    private const int Chunk = Bench.ChunkSizeBytes;

    [Property(MaxTest = 60)]
    public async Task It_is_the_comparison_of_all_bytes(int seed)
    {
        Random random = new(seed);
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        MemoryDisk before = Content.RandomDisk(random.Next(1, 40 * Chunk), seed);
        RestorePoint first = await BackupAsync(bench, before);
        MemoryDisk after = random.Next(3) == 0 ? before.Resized(random.Next(1, 40 * Chunk)) : before.Snapshot();
        for (int change = random.Next(4); change > 0; change--)
        {
            int offsetBytes = random.Next((int)after.VirtualSizeBytes);
            after.Change(offsetBytes, Math.Min(random.Next(1, Chunk), after.Bytes.Length - offsetBytes), change);
        }

        RestorePoint second = await BackupAsync(bench, after);
        Assert.Equal(Compare(before.Bytes, after.Bytes), await DiffAsync(bench, first, second));
        Assert.Equal(Compare(before.Bytes, after.Bytes), await DiffAsync(bench, second, first));
        Assert.Empty(await DiffAsync(bench, second, second));
    }

    [Fact]
    public async Task Points_without_a_disk_in_common_are_refused()
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        MemoryDisk disk = Content.RandomDisk(Chunk, 1);
        RestorePoint one = (await bench.BackupAsync(new DiskRequest("a", new TestSource(disk)))).Point;
        RestorePoint other = (await bench.BackupAsync(new DiskRequest("b", new TestSource(disk.Snapshot())))).Point;
        await Assert.ThrowsAsync<RestorePointNotFoundException>(() =>
            bench.Engine.DiffAsync(one, other, CancellationToken.None));
    }

    [Fact]
    public async Task Points_are_compared_and_measured_under_leases_that_are_gone_afterwards()
    {
        MemoryStore store = new();
        Bench bench = await Bench.MakeAsync(store, 1);
        MemoryDisk disk = Content.RandomDisk(4 * Chunk, 1);
        RestorePoint one = await BackupAsync(bench, disk);
        disk.Change(0, 100, 7);
        RestorePoint other = await BackupAsync(bench, disk);
        List<int> leases = [];
        store.Before = call =>
        {
            if (call.Kind == StoreCallKind.Read && call.Name.StartsWith("maps/", StringComparison.Ordinal))
            {
                leases.Add(store.Names.Count(IsLease));
            }
        };
        Assert.Single(await DiffAsync(bench, one, other));
        Assert.All(leases, count => Assert.Equal(2, count));
        Assert.NotEmpty(leases);
        leases.Clear();
        await bench.Engine.MeasureFragmentationAsync(other, CancellationToken.None);
        Assert.All(leases, count => Assert.Equal(1, count));
        Assert.NotEmpty(leases);
        Assert.DoesNotContain(store.Names, IsLease);

        static bool IsLease(BlobName name) => name.Path.StartsWith("leases/", StringComparison.Ordinal);
    }

    private static async Task<RestorePoint> BackupAsync(Bench bench, MemoryDisk disk) =>
        (await bench.BackupAsync(new DiskRequest("disk", new TestSource(disk.Snapshot())))).Point;

    private static async Task<IReadOnlyList<ByteRange>> DiffAsync(Bench bench, RestorePoint one, RestorePoint other) =>
        Assert.Single(await bench.Engine.DiffAsync(one, other, CancellationToken.None)).Ranges;

    private static List<ByteRange> Compare(byte[] before, byte[] after)
    {
        int size = Math.Max(before.Length, after.Length);
        byte[][] padded = new byte[2][];
        (padded[0], padded[1]) = (new byte[size], new byte[size]);
        before.CopyTo(padded[0], 0);
        after.CopyTo(padded[1], 0);
        List<ByteRange> ranges = [];
        for (int start = 0; start < size; start += Chunk)
        {
            int count = Math.Min(Chunk, size - start);
            if (!padded[0].AsSpan(start, count).SequenceEqual(padded[1].AsSpan(start, count)))
            {
                bool touches = ranges.Count > 0 && ranges[^1].EndBytes == start;
                long first = touches ? ranges[^1].StartBytes : start;
                ranges.RemoveRange(ranges.Count - (touches ? 1 : 0), touches ? 1 : 0);
                ranges.Add(new ByteRange(first, start + count - first));
            }
        }

        return ranges;
    }
}
