using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Restore;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Disks;

/// <summary>The main job on disks that other programs made and changed in place, judged by other programs.</summary>
public sealed class MainJobTests : IDisposable
{
    private const string Vm = "server";
    private const long MiB = 1 << 20;
    private readonly TestFolder folder = new();
    private readonly List<(RestorePoint Point, int Generation)> made = [];

    public static TheoryData<string, ImageKind, long, int> Disks => new()
    {
        { "ext4", ImageKind.DynamicVhdx(1), 48 * MiB, 64 << 10 },
        { "ntfs", ImageKind.DynamicVhdx(2), 48 * MiB, 16 << 10 },
        { "partitioned", ImageKind.DynamicVhdx(8), 65 * MiB, 64 << 10 },
        { "ext4", ImageKind.DynamicVhdx(32), 49 * MiB, 1 << 20 },
        { "ext4", ImageKind.DynamicVhdx(256), 48 * MiB, 64 << 10 },
        { "ntfs", ImageKind.FixedVhdx, 48 * MiB, 64 << 10 },
        { "ext4", ImageKind.DynamicVhd, 48 * MiB, 64 << 10 },
        { "partitioned", ImageKind.Raw, (48 * MiB) + 4096, 64 << 10 },
        { "ext4", ImageKind.Raw, (40 * MiB) + 4096, 4 << 20 },
    };

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Disks))]
    public async Task Every_point_restores_to_what_the_disk_held_then(
        string fileSystem, ImageKind kind, long sizeBytes, int chunkSizeBytes)
    {
        SampleDisk disk = new(folder, "disk", FileSystems.Named(fileSystem), kind, sizeBytes, seed: 21);
        TestRepository repository = await TestRepository.CreateAsync(folder.File("repository"), chunkSizeBytes);
        Add(disk, await repository.BackupAsync(Vm, disk.ImagePath, Ranges(null, "id0", [])), RestorePointKind.Full);

        var changed = disk.Change(seed: 1);
        RestorePoint tracked = await repository.BackupAsync(Vm, disk.ImagePath, Ranges("id0", "id1", changed));
        Add(disk, tracked, RestorePointKind.Incremental);
        long roundedBytes = Grid.RoundedBytes(changed, sizeBytes, chunkSizeBytes);
        Assert.InRange(tracked.Disks[0].Statistics.BytesRead, 4096, roundedBytes);
        await RequireRootOfActiveFullAsync(disk, tracked, chunkSizeBytes);

        changed = disk.Change(seed: 2);
        RestorePoint recovered = await repository.BackupAsync(Vm, disk.ImagePath, Ranges("no such id", "id2", changed));
        Add(disk, recovered, RestorePointKind.Recovered);
        Assert.Contains("no such id", recovered.Disks[0].LostReason, StringComparison.Ordinal);
        await RequireRootOfActiveFullAsync(disk, recovered, chunkSizeBytes);

        RestorePoint synthetic = await repository.SynthesizeAsync(Vm);
        Add(disk, synthetic, RestorePointKind.Synthetic);
        Assert.Equal(recovered.Disks[0].Root, synthetic.Disks[0].Root);
        Assert.Equal(2, synthetic.Disks[0].Statistics.ListsFolded);

        changed = [.. disk.Overwrite(sizeBytes - 5000, Noise(5000)), .. disk.Overwrite(4 * MiB, new byte[3 * MiB])];
        RestorePoint after = await repository.BackupAsync(
            Vm, disk.ImagePath, Ranges("id2", "id3", changed.OrderBy(range => range.OffsetBytes)));
        Add(disk, after, RestorePointKind.Incremental);
        await RequireRootOfActiveFullAsync(disk, after, chunkSizeBytes);

        await RequireRestoresAsync(repository, disk);
        await repository.RequireSoundAsync();
    }

    private void Add(SampleDisk disk, RestorePoint point, RestorePointKind kind)
    {
        Assert.Equal(kind, point.Disks[0].Kind);
        Assert.Equal("disk", point.Disks[0].Name);
        made.Add((point, disk.Generation));
    }

    private async Task RequireRestoresAsync(TestRepository repository, SampleDisk disk)
    {
        string raw = folder.File("restored.raw");
        string vhdx = folder.File("restored.vhdx");
        string fixedVhdx = folder.File("restored-fixed.vhdx");
        foreach ((RestorePoint point, int generation) in made)
        {
            await repository.RestoreAsync(point.Id, raw, ImageFormat.Raw);
            await repository.RestoreAsync(point.Id, vhdx, ImageFormat.Vhdx);
            await repository.RestoreAsync(point.Id, fixedVhdx, ImageFormat.VhdxFixed);
            disk.RequireHolds(generation, raw, "raw");
            disk.RequireHolds(generation, vhdx, "vhdx");
            disk.RequireHolds(generation, fixedVhdx, "vhdx");
            QemuImage.RequireSound(vhdx, "vhdx");
            QemuImage.RequireSound(fixedVhdx, "vhdx");
            if (generation <= 2)
            {
                disk.RequireSoundFileSystem(raw);
            }

            if (generation is 1 or 2)
            {
                disk.RequireFiles(raw, seed: generation);
            }
        }
    }

    private async Task RequireRootOfActiveFullAsync(SampleDisk disk, RestorePoint point, int chunkSizeBytes)
    {
        string path = folder.File($"fresh{disk.Generation}");
        TestRepository fresh = await TestRepository.CreateAsync(path, chunkSizeBytes);
        RestorePoint full = await fresh.BackupAsync("another", disk.ImagePath, full: true);
        Assert.Equal(full.Disks[0].Root, point.Disks[0].Root);
    }

    private string Ranges(string? since, string id, IEnumerable<(long OffsetBytes, long LengthBytes)> ranges)
    {
        string path = folder.File("changes.json");
        RangesText.Write(path, since, id, ranges);
        return path;
    }

    private static byte[] Noise(int lengthBytes)
    {
        byte[] bytes = new byte[lengthBytes];
        new Random(lengthBytes).NextBytes(bytes);
        return bytes;
    }
}
