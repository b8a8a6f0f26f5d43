using System.Buffers.Binary;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Restore;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Disks;

/// <summary>Disks with sectors of 4096 bytes, which QEMU 7 does not read: libvhdi and 7-Zip judge them.</summary>
public sealed class LargeSectorTests : IDisposable
{
    private const long SizeBytes = 40L << 20;
    private const int SectorBytes = 4096;
    private static readonly Guid LogicalSectorSize = new("8141BF1D-A96F-4709-BA47-F233A8FAAB5F");
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Backup_and_restore_keep_the_sector_size(bool isFixed)
    {
        ImageKind kind = isFixed ? ImageKind.FixedVhdx : ImageKind.DynamicVhdx(2);
        SampleDisk disk = new(folder, "disk", new Ext4(), kind, SizeBytes, seed: 9);
        GiveLargeSectors(disk.ImagePath);
        RequireHolds(disk.ImagePath, disk.RawPath(0));
        TestRepository repository = await TestRepository.CreateAsync(folder.File("repository"));

        RestorePoint point = await repository.BackupAsync("vm", disk.ImagePath);
        string restored = folder.File("restored.vhdx");
        await repository.RestoreAsync(point.Id, restored, isFixed ? ImageFormat.VhdxFixed : ImageFormat.Vhdx);

        Assert.Equal(SectorBytes, point.Disks[0].LogicalSectorSizeBytes);
        RequireHolds(restored, disk.RawPath(0));
    }

    private void RequireHolds(string vhdxPath, string rawPath)
    {
        Assert.Matches(@"Bytes per sector\s*: 4096", Tool.Run("vhdiinfo", vhdxPath));
        Assert.Empty(RawImage.Differences(rawPath, SevenZip.Extract(vhdxPath, folder)));
        using VhdiMount mount = new(vhdxPath);
        Assert.Empty(RawImage.Differences(rawPath, mount.RawPath));
    }

    /// <summary>Changes the one field of QEMU's image that says how long a sector is. Up to 4 GiB nothing else in the
    /// image follows from it.</summary>
    private static void GiveLargeSectors(string vhdxPath)
    {
        byte[] head = RawImage.Read(vhdxPath, 0, 4 << 20);
        int metadataAt = head.AsSpan().IndexOf("metadata"u8);
        int entryAt = head.AsSpan().IndexOf(LogicalSectorSize.ToByteArray());
        Assert.True(metadataAt > 0 && entryAt > metadataAt);
        uint itemAt = BinaryPrimitives.ReadUInt32LittleEndian(head.AsSpan(entryAt + 16));
        Assert.Equal(512u, BinaryPrimitives.ReadUInt32LittleEndian(head.AsSpan(metadataAt + (int)itemAt)));
        byte[] value = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(value, SectorBytes);
        RawImage.Write(vhdxPath, metadataAt + itemAt, value);
    }
}
