using System.Buffers.Binary;
using HyperVBackup.Disks.Vhd;
using HyperVBackup.Testing.Images;
using Microsoft.Win32.SafeHandles;
using Xunit;
using static HyperVBackup.Disks.Tests.Vhdx.VhdxFixture;

namespace HyperVBackup.Disks.Tests.Vhd;

/// <summary>How much of a large image's structures is read, and what memory that takes.</summary>
public sealed class VhdReadsTests : IDisposable
{
    private const long GiB = 1L << 30;
    private const long SizeBytes = 2040 * GiB;
    private const int BlockSize = 2 * MiB;
    private const int BlockCount = (int)(SizeBytes / BlockSize);
    private const int Stride = 512 + BlockSize;
    private const int TableAt = 512 + 1024 + 2048;
    private const int ChunkBytes = 64 << 10;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_full_disk_of_2040_GiB_is_read_in_little_memory()
    {
        string path = Make(blockStep: 1, isChild: false);
        long before = GC.GetAllocatedBytesForCurrentThread();
        using VhdDisk disk = VhdDisk.Open(path);
        Assert.InRange(disk.MetadataBytesRead, 2000, 3000);
        Assert.Equal(
            SizeBytes, disk.AllocatedRanges(new ByteRange(0, SizeBytes)).Sum(range => range.LengthBytes));
        byte[] read = new byte[ChunkBytes];
        disk.Read(SizeBytes - ChunkBytes, read);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 12 * MiB);
        Assert.InRange(disk.MetadataBytesRead, 4L * BlockCount, (4L * BlockCount) + 3000 + 16);
    }

    [Fact]
    public void A_place_costs_4_bytes_of_the_table_and_its_own_sectors_bits_once()
    {
        string path = Make(blockStep: 3, isChild: true);
        using VhdDisk disk = VhdDisk.Open(path);
        long before = disk.MetadataBytesRead;
        byte[] buffer = new byte[ChunkBytes];
        const int PlaceCount = 100;
        for (int place = 0; place < PlaceCount; place++)
        {
            long offsetBytes = (place * 3000L * BlockSize) + (3 * ChunkBytes);
            Assert.Empty(disk.OwnRanges(new ByteRange(offsetBytes, ChunkBytes)));
            disk.Read(offsetBytes, buffer);
            disk.Read(offsetBytes + (2L * BlockSize), buffer);
        }

        // The second place has no block here, and none of the parent's table is read where that has no block.
        Assert.Equal(PlaceCount * (4 + 16 + 4 + 4 + 4), disk.MetadataBytesRead - before);
    }

    [Fact]
    public void Who_stops_at_the_first_range_has_not_had_the_table_read()
    {
        using VhdDisk disk = VhdDisk.Open(Make(blockStep: 1, isChild: false));
        long before = disk.MetadataBytesRead;
        Assert.Equal(0, disk.AllocatedRanges(new ByteRange(0, SizeBytes)).First().StartBytes);
        Assert.InRange(disk.MetadataBytesRead - before, 4, 4096);
    }

    [Fact]
    public void Holes_of_a_fixed_image_are_not_allocated()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Holes can be asked for on Linux only.");
        byte[] end = VhdBuilder.FixedOf(new byte[512], Guid.Empty)[512..];
        BinaryPrimitives.WriteInt64BigEndian(end.AsSpan(48), SizeBytes);
        VhdBuilder.Seal(end);
        string path = folder.File("fixed.vhd");
        using (SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write))
        {
            RandomAccess.Write(file, RandomBytes(MiB, 1), GiB);
            RandomAccess.Write(file, end, SizeBytes);
        }

        using VhdDisk disk = VhdDisk.Open(path);
        Assert.Equal(SizeBytes, disk.VirtualSizeBytes);
        Assert.Equal([new ByteRange(GiB, MiB)], disk.AllocatedRanges(new ByteRange(0, SizeBytes)));
    }

    /// <summary>A disk of the largest size, whose blocks are holes of the file, as are their bitmaps.</summary>
    private string Make(int blockStep, bool isChild)
    {
        Guid parentId = new(1, 0, 0, new byte[8]);
        string parent = folder.File("base.vhd", new VhdBuilder(SizeBytes, BlockSize, parentId).Build());
        VhdBuilder builder = new(SizeBytes, BlockSize, new Guid(2, 0, 0, new byte[8]));
        byte[] head = (isChild ? builder.On(parentId, Path.GetFileName(parent)) : builder).Build();
        long at = head.Length - 512;
        byte[] footer = head[^512..];
        for (int block = 0; block < BlockCount; block += blockStep, at += Stride)
        {
            BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(TableAt + (block * 4)), (uint)(at / 512));
        }

        string path = folder.File("disk.vhd");
        using SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        RandomAccess.Write(file, head.AsSpan(0, head.Length - 512), 0);
        RandomAccess.Write(file, footer, at);
        return path;
    }
}
