using HyperVBackup.Disks.Vhdx;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Restore;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Disks;

/// <summary>Differencing chains on a base that QEMU made, judged by 7-Zip, which follows chains on its own.</summary>
public sealed class ChainTests : IDisposable
{
    private const long SizeBytes = 40L << 20;
    private const int SectorBytes = 512;
    private const string Vm = "with checkpoints";
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_chain_is_backed_up_as_the_disk_it_reads_as(int childBlockSizeMiB)
    {
        SampleDisk disk = new(folder, "base", new Ext4(), ImageKind.DynamicVhdx(1), SizeBytes, seed: 5);
        string baseCopy = folder.File("base of generation 0.vhdx");
        File.Copy(disk.ImagePath, baseCopy);
        var first = disk.Change(seed: 1);
        var second = disk.Change(seed: 2);
        File.Copy(baseCopy, disk.ImagePath, overwrite: true);
        TestRepository repository = await TestRepository.CreateAsync(folder.File("repository"));
        await repository.BackupAsync(Vm, disk.ImagePath, Ranges(null, "a", []));

        string child = MakeChild("child.avhdx", disk.ImagePath, disk.RawPath(1), first, childBlockSizeMiB);
        RestorePoint one = await repository.BackupAsync(Vm, child, Ranges("a", "b", first));
        string grandchild = MakeChild("grandchild.avhdx", child, disk.RawPath(2), second, childBlockSizeMiB);
        RestorePoint two = await repository.BackupAsync(Vm, grandchild, Ranges("b", "c", second));

        disk.RequireHolds(2, SevenZip.Extract(grandchild, folder), "raw");
        await RequireAsync(repository, disk, one, generation: 1);
        await RequireAsync(repository, disk, two, generation: 2);
        RestorePoint compared = await repository.BackupAsync(Vm, grandchild);
        Assert.Equal(two.Disks[0].Root, compared.Disks[0].Root);
        Assert.Equal(0, compared.Disks[0].Statistics.BytesChanged);
    }

    private async Task RequireAsync(TestRepository repository, SampleDisk disk, RestorePoint point, int generation)
    {
        Assert.Equal("base", point.Disks[0].Name);
        Assert.Equal(RestorePointKind.Incremental, point.Disks[0].Kind);
        string restored = folder.File($"restored{generation}.vhdx");
        await repository.RestoreAsync(point.Id, restored, ImageFormat.Vhdx);
        disk.RequireHolds(generation, SevenZip.Extract(restored, folder), "raw");
        QemuImage.RequireSound(restored, "vhdx");
    }

    /// <summary>Makes a child whose blocks hold only the sectors that changed, as a checkpoint's disk does.</summary>
    private string MakeChild(
        string name, string parentPath, string rawPath,
        IReadOnlyList<(long OffsetBytes, long LengthBytes)> changed, int blockSizeMiB)
    {
        using VhdxDisk parent = VhdxDisk.Open(parentPath);
        int blockBytes = blockSizeMiB << 20;
        DifferencingImage image = new(SizeBytes, blockBytes, SectorBytes, Guid.Parse(parent.Identity!))
        {
            DataWriteId = new Guid(name.Length, 1, 2, new byte[8]),
        };
        image.SetParent(parent.DataWriteGuid, Path.GetFileName(parentPath));
        for (int block = 0; block < SizeBytes / blockBytes; block++)
        {
            long start = (long)block * blockBytes;
            bool IsChanged(int sector) => changed.Any(range =>
                start + (sector * SectorBytes) >= range.OffsetBytes
                && start + (sector * SectorBytes) < range.OffsetBytes + range.LengthBytes);
            if (Enumerable.Range(0, blockBytes / SectorBytes).Any(IsChanged))
            {
                image.PutSectors(block, RawImage.Read(rawPath, start, blockBytes), IsChanged);
            }
        }

        string path = folder.File(name);
        File.WriteAllBytes(path, image.Build());
        return path;
    }

    private string Ranges(string? since, string id, IEnumerable<(long OffsetBytes, long LengthBytes)> ranges)
    {
        string path = folder.File("changes.json");
        RangesText.Write(path, since, id, ranges);
        return path;
    }
}
