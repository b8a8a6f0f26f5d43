using HyperVBackup.Disks;
using HyperVBackup.Disks.Raw;
using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Operations.Tests.Restore;

/// <summary>Images come out equal, or not at all.</summary>
public sealed class RestoreTests : IDisposable
{
    private const int Chunk = Bench.ChunkSizeBytes;
    private const string Identity = "0d6a5f0c-13f0-4a6e-8b64-6d0f6f1f2a11";

    private readonly MemoryStore store = new();
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(511)]
    [InlineData(4096)]
    [InlineData(Chunk)]
    [InlineData(Chunk + 1)]
    [InlineData((17 * Chunk) + 512)]
    [InlineData((300 * Chunk) - 1)]
    public async Task Any_size_comes_back_in_any_format(int sizeBytes)
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        MemoryDisk disk = Content.RandomDisk(sizeBytes, sizeBytes);
        RestorePoint point = await BackupAsync(bench, disk);
        foreach (ImageFormat format in Enum.GetValues<ImageFormat>())
        {
            string path = folder.File($"{format}.img");
            RestoredDisk restored = Assert.Single(await bench.RestoreAsync(
                new RestoreRequest { Point = point.Id, OutputPath = path, Format = format }));
            Assert.Equal(point.Disks[0].Root, restored.Root);
            Assert.Equal(sizeBytes, restored.VirtualSizeBytes);
            int chunkCount = (sizeBytes + Chunk - 1) / Chunk;
            Assert.Equal(new RecordsRead(chunkCount, chunkCount, RecipeCount: 0), restored.Read);
            RequireImage(path, disk.Bytes, isRaw: format == ImageFormat.Raw);
        }

        RequireOnly(3);
    }

    [Fact]
    public async Task Zeros_between_take_no_space_and_come_back_as_zeros()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        MemoryDisk disk = new(100L << 20);
        disk.Change(50 << 20, 10, 1);
        RestorePoint point = await BackupAsync(bench, disk);
        foreach (ImageFormat format in Enum.GetValues<ImageFormat>())
        {
            string path = folder.File($"{format}.img");
            RestoredDisk restored = Assert.Single(await bench.RestoreAsync(
                new RestoreRequest { Point = point.Id, OutputPath = path, Format = format }));
            Assert.Equal(Chunk, restored.BytesWritten);
            RequireImage(path, disk.Bytes, isRaw: format == ImageFormat.Raw);
        }
    }

    [Fact]
    public async Task Several_disks_go_to_a_folder_and_one_of_them_to_a_file()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        MemoryDisk one = Content.RandomDisk(5 * Chunk, 1);
        MemoryDisk two = Content.RandomDisk(3 * Chunk, 2);
        RestorePoint point = (await bench.BackupAsync(
            new DiskRequest("one", new TestSource(one)), new DiskRequest("two", new TestSource(two)))).Point;
        string output = folder.File("deep/vm");
        await bench.RestoreAsync(new RestoreRequest { Point = point.Id, OutputPath = output });
        RequireImage(Path.Combine(output, "one.vhdx"), one.Bytes, isRaw: false);
        RequireImage(Path.Combine(output, "two.vhdx"), two.Bytes, isRaw: false);
        string path = folder.File("two.raw");
        await bench.RestoreAsync(
            new RestoreRequest { Point = point.Id, Disk = "TWO", OutputPath = path, Format = ImageFormat.Raw });
        RequireImage(path, two.Bytes, isRaw: true);
        await Assert.ThrowsAsync<RestorePointNotFoundException>(() => bench.RestoreAsync(
            new RestoreRequest { Point = point.Id, Disk = "three", OutputPath = path, Force = true }));
        RequireImage(path, two.Bytes, isRaw: true);
    }

    [Fact]
    public async Task Nothing_is_replaced_without_force()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        MemoryDisk disk = Content.RandomDisk(3 * Chunk, 1);
        RestorePoint point = await BackupAsync(bench, disk);
        string path = folder.File("a.raw");
        File.WriteAllText(path, "precious");
        RestoreRequest request = new() { Point = point.Id, OutputPath = path, Format = ImageFormat.Raw };
        await Assert.ThrowsAsync<StoreException>(() => bench.RestoreAsync(request));
        Assert.Equal("precious", File.ReadAllText(path));
        await bench.RestoreAsync(request with { Force = true });
        RequireImage(path, disk.Bytes, isRaw: true);
        RequireOnly(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_failure_in_the_middle_leaves_what_was_there(bool force)
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        RestorePoint point = await BackupAsync(bench, Content.RandomDisk(500 * Chunk, 1));
        string path = folder.File("a.raw");
        if (force)
        {
            File.WriteAllText(path, "precious");
        }

        int reads = 0;
        store.Before = call =>
        {
            if (call.Kind == StoreCallKind.Read && call.Name.StartsWith("packs/", StringComparison.Ordinal)
                && Interlocked.Increment(ref reads) >= 2)
            {
                throw new StoreException("gone");
            }
        };
        await Assert.ThrowsAsync<RepositoryDamagedException>(() => bench.RestoreAsync(
            new RestoreRequest { Point = point.Id, OutputPath = path, Format = ImageFormat.Raw, Force = force }));
        RequireOnly(force ? 1 : 0);
        Assert.Equal(force, File.Exists(path) && File.ReadAllText(path) == "precious");
        Assert.DoesNotContain(store.Names, name => name.Path.StartsWith("leases/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_damaged_chunk_is_no_image()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        RestorePoint point = await BackupAsync(bench, Content.RandomDisk(20 * Chunk, 1));
        BlobName pack = store.Names.Single(name => name.Path.StartsWith("packs/", StringComparison.Ordinal));
        store[pack][store[pack].Length / 2] ^= 1;
        await Assert.ThrowsAsync<RepositoryDamagedException>(() => bench.RestoreAsync(
            new RestoreRequest { Point = point.Id, OutputPath = folder.File("a.raw"), Format = ImageFormat.Raw }));
        RequireOnly(0);
    }

    [Fact]
    public async Task A_damaged_chunk_is_taken_from_another_copy()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        MemoryDisk disk = Content.RandomDisk(20 * Chunk, 1);
        RestorePoint point = await BackupAsync(bench, disk);
        BlobName pack = store.Names.Single(name => name.Path.StartsWith("packs/", StringComparison.Ordinal));
        await bench.SynthesizeAsync(sequential: true);
        store[pack][store[pack].Length / 2] ^= 1;
        Assert.Equal(disk.Bytes, await bench.ReadAsync(point.Id, "disk"));
    }

    [Theory]
    [InlineData("maps/")]
    [InlineData("mirror/maps/")]
    public async Task One_copy_of_every_map_pack_is_enough(string lost)
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        (List<RestorePoint> points, List<byte[]> contents) = await HistoryAsync(bench);
        await DeleteAsync(lost);
        Bench later = await bench.ReopenAsync(2);
        await RequireAllAsync(later, points, contents);
        BackupReport next = await later.BackupAsync(
            new DiskRequest("disk", new TestSource(MemoryDisk.Of(contents[^1]))));
        Assert.Equal(contents[^1], await later.ReadAsync(next.Point.Id, "disk"));
    }

    [Fact]
    public async Task Any_point_restores_without_its_parents()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        (List<RestorePoint> points, List<byte[]> contents) = await HistoryAsync(bench);
        foreach (RestorePoint point in points.SkipLast(1))
        {
            await DeleteAsync(FileNames.RestorePoint(point.Id));
            await DeleteAsync(FileNames.RestorePointMirror(point.Id));
        }

        Bench later = await bench.ReopenAsync(2);
        await RequireAllAsync(later, points[^1..], contents[^1..]);
        Assert.Equal(0, (await later.SynthesizeAsync()).Point.Disks[0].Statistics.ListsFolded);
    }

    [Fact]
    public async Task One_copy_of_a_point_is_enough()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        (List<RestorePoint> points, List<byte[]> contents) = await HistoryAsync(bench);
        foreach (RestorePoint point in points)
        {
            store[new BlobName(FileNames.RestorePoint(point.Id))][200] ^= 4;
        }

        await RequireAllAsync(await bench.ReopenAsync(2), points, contents);
    }

    [Fact]
    public async Task An_identity_is_fresh_unless_it_is_to_be_kept()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        RestorePoint point = await BackupAsync(bench, Content.RandomDisk(3 * Chunk, 1, Identity));
        RestoreRequest request = new() { Point = point.Id, OutputPath = folder.File("fresh.vhdx") };
        await bench.RestoreAsync(request);
        await bench.RestoreAsync(request with { OutputPath = folder.File("other.vhdx") });
        await bench.RestoreAsync(request with { OutputPath = folder.File("kept.vhdx"), KeepIdentity = true });
        string?[] identities =
            [IdentityOf(folder.File("fresh.vhdx")), IdentityOf(folder.File("other.vhdx")), Identity];
        Assert.Equal(3, identities.Distinct().Count());
        Assert.Equal(Identity, IdentityOf(folder.File("kept.vhdx")));
    }

    [Fact]
    public async Task A_disk_of_4096_byte_sectors_keeps_them()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        MemoryDisk disk = new(10 * Chunk) { LogicalSectorSizeBytes = 4096 };
        disk.Change(0, Chunk, 1);
        RestorePoint point = await BackupAsync(bench, disk);
        await bench.RestoreAsync(new RestoreRequest { Point = point.Id, OutputPath = folder.File("a.vhdx") });
        using IDisk image = DiskImage.Open(folder.File("a.vhdx"));
        Assert.Equal((4096, 4096), (image.LogicalSectorSizeBytes, image.PhysicalSectorSizeBytes));
    }

    private static async Task<RestorePoint> BackupAsync(Bench bench, MemoryDisk disk) =>
        (await bench.BackupAsync(new DiskRequest("disk", new TestSource(disk.Snapshot())))).Point;

    private static async Task<(List<RestorePoint> Points, List<byte[]> Contents)> HistoryAsync(Bench bench)
    {
        MemoryDisk disk = Content.RandomDisk((70 * Chunk) + 100, 1);
        List<byte[]> contents = [];
        for (int run = 0; run < 4; run++)
        {
            (long, long) range = disk.Change(run * 20 * Chunk, 3 * Chunk, run + 10);
            await bench.TrackAsync(disk.Snapshot(), run == 0 ? null : $"t{run}", $"t{run + 1}", range);
            contents.Add([.. disk.Bytes]);
        }

        return (await bench.PointsAsync(), contents);
    }

    private async Task RequireAllAsync(Bench bench, List<RestorePoint> points, List<byte[]> contents)
    {
        for (int position = 0; position < points.Count; position++)
        {
            string path = folder.File($"{position}.raw");
            await bench.RestoreAsync(
                new RestoreRequest { Point = points[position].Id, OutputPath = path, Format = ImageFormat.Raw });
            RequireImage(path, contents[position], isRaw: true);
        }
    }

    private async Task DeleteAsync(string prefix)
    {
        foreach (BlobName name in store.Names.Where(
            name => name.Path.StartsWith(prefix, StringComparison.Ordinal)).ToList())
        {
            await store.DeleteAsync(name, CancellationToken.None);
        }
    }

    private void RequireOnly(int fileCount) =>
        Assert.Equal(fileCount, Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories).Length);

    private static string? IdentityOf(string path)
    {
        using IDisk image = DiskImage.Open(path);
        return image.Identity;
    }

    private static void RequireImage(string path, byte[] expected, bool isRaw)
    {
        using IDisk image = isRaw ? RawDisk.Open(path) : DiskImage.Open(path);
        byte[] found = new byte[image.VirtualSizeBytes];
        image.Read(0, found);
        Assert.Equal(isRaw ? expected.Length : (expected.Length + 511) / 512 * 512, found.Length);
        Assert.True(expected.AsSpan().SequenceEqual(found.AsSpan(0, expected.Length)));
        Assert.Equal(-1, found.AsSpan(expected.Length).IndexOfAnyExcept((byte)0));
    }
}
