using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Disks.Raw;
using HyperVBackup.Disks.Vhdx;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Testing.Stores;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Operations.Tests;

/// <summary>What is not on a disk costs nothing: neither time nor memory.</summary>
[Collection(TestsAlone.Name)]
public sealed class HugeDiskTests
{
    private const long SizeBytes = 8L << 40;
    private const long FarBytes = SizeBytes - (1 << 20);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Eight_tebibytes_of_nothing_are_backed_up_recovered_and_restored_at_once(bool isRaw)
    {
        using TestFolder folder = new();
        string path = folder.File("disk");
        Make(path, isRaw);
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1, chunkSizeBytes: 64 << 10);
        long allocatedBefore = GC.GetTotalAllocatedBytes();
        DiskPoint full = await BackupAsync(bench, path);
        Assert.True(full.Statistics.BytesRead <= 64 << 20, $"{full.Statistics.BytesRead} bytes read");
        Assert.Equal(RestorePointKind.Full, full.Kind);
        DiskPoint recovered = await BackupAsync(bench, path);
        Assert.Equal((RestorePointKind.Recovered, full.Root), (recovered.Kind, recovered.Root));
        Assert.Equal(0, recovered.Statistics.BytesChanged);
        string output = folder.File("restored.raw");
        RestorePoint point = (await bench.PointsAsync())[^1];
        await bench.RestoreAsync(
            new RestoreRequest { Point = point.Id, OutputPath = output, Format = ImageFormat.Raw });
        using RawDisk image = RawDisk.Open(output);
        byte[] found = new byte[4];
        image.Read(FarBytes, found);
        Assert.Equal("far!"u8.ToArray(), found);
        Assert.Equal(SizeBytes, image.VirtualSizeBytes);
        long allocated = GC.GetTotalAllocatedBytes() - allocatedBefore;
        Assert.True(allocated < 512 << 20, $"{allocated} bytes of memory were taken in all");
    }

    private static async Task<DiskPoint> BackupAsync(Bench bench, string path) =>
        (await bench.BackupAsync(new DiskRequest("disk", new UntrackedSource(() => DiskImage.Open(path)))))
            .Point.Disks[0];

    private static void Make(string path, bool isRaw)
    {
        using FileStream file = new(path, FileMode.CreateNew, FileAccess.ReadWrite);
        VhdxWriterOptions options = new()
        {
            VirtualSizeBytes = SizeBytes,
            FillRandom = bytes => new Random(1).NextBytes(bytes),
        };
        using IDiskWriter image = isRaw
            ? new RawWriter(file.SafeFileHandle, SizeBytes)
            : new VhdxWriter(file.SafeFileHandle, options);
        image.Write(0, "near"u8);
        image.Write(FarBytes, "far!"u8);
        image.Complete();
    }
}
