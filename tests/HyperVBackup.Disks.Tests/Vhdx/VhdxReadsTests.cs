using HyperVBackup.Disks.Vhdx;
using HyperVBackup.Testing.Images;
using Xunit;
using static HyperVBackup.Disks.Tests.Vhdx.VhdxFixture;

namespace HyperVBackup.Disks.Tests.Vhdx;

/// <summary>How much of an image's structures is read.</summary>
public sealed class VhdxReadsTests : IDisposable
{
    private const long GiB = 1L << 30;
    private const int ChunkBytes = 64 << 10;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Opening_reads_headers_and_the_starts_of_tables_and_no_clean_log()
    {
        Write(folder.File("disk.vhdx"), Options(64L << 40));
        using VhdxDisk disk = VhdxDisk.Open(folder.File("disk.vhdx"));
        Assert.InRange(disk.MetadataBytesRead, 8192, 13 << 10);
    }

    [Fact]
    public void A_read_by_itself_costs_8_bytes_of_the_table_however_often_it_is_repeated()
    {
        string path = Many(2048 * GiB, blockStep: 2);
        using VhdxDisk disk = VhdxDisk.Open(path);
        long before = disk.MetadataBytesRead;
        byte[] buffer = new byte[ChunkBytes];
        for (int place = 0; place < 1000; place++)
        {
            long offsetBytes = place * 2 * GiB;
            int count = disk.AllocatedRanges(new ByteRange(offsetBytes, ChunkBytes)).Count();
            Assert.Equal(1, count);
            disk.Read(offsetBytes, buffer);
        }

        Assert.Equal(8000, disk.MetadataBytesRead - before);
    }

    [Fact]
    public void A_range_read_in_order_costs_each_entry_once_and_no_other()
    {
        string path = Many(64 * GiB, blockStep: 1);
        using VhdxDisk disk = VhdxDisk.Open(path);
        long before = disk.MetadataBytesRead;
        long blockCount = 20 * 1024;
        foreach (ByteRange range in disk.AllocatedRanges(new ByteRange(5 * MiB, blockCount * MiB)))
        {
            for (long at = range.StartBytes; at < range.EndBytes; at += MiB)
            {
                disk.Read(at, new byte[4096]);
            }
        }

        Assert.InRange(disk.MetadataBytesRead - before, blockCount * 8, (blockCount * 8) + 40);
    }

    [Fact]
    public void Who_stops_at_the_first_range_has_not_had_the_table_read()
    {
        string path = Many(64 * GiB, blockStep: 1);
        using VhdxDisk disk = VhdxDisk.Open(path);
        long before = disk.MetadataBytesRead;
        Assert.Equal(0, disk.AllocatedRanges(new ByteRange(0, 64 * GiB)).First().StartBytes);
        Assert.InRange(disk.MetadataBytesRead - before, 8, 8192);
    }

    [Fact]
    public void A_table_that_the_file_keeps_nothing_of_is_not_read()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Holes can be asked for on Linux only.");
        string path = folder.File("disk.vhdx");
        Write(path, Options(2048 * GiB), (1024 * GiB, RandomBytes(MiB, 1)));
        using VhdxDisk disk = VhdxDisk.Open(path);
        long before = disk.MetadataBytesRead;
        Assert.Equal(
            [new ByteRange(1024 * GiB, MiB)], disk.AllocatedRanges(new ByteRange(0, 2048 * GiB)));
        Assert.InRange(disk.MetadataBytesRead - before, 8, 256 << 10);
    }

    [Fact]
    public void A_chunk_of_a_partly_present_block_costs_its_own_sectors_bits_once()
    {
        using VhdxDisk disk = VhdxDisk.Open(Chain(64 * GiB));
        long before = disk.MetadataBytesRead;
        byte[] buffer = new byte[ChunkBytes];
        const int ChunkCount = 100;
        for (int place = 0; place < ChunkCount; place++)
        {
            long offsetBytes = (place * 41L * MiB) + (3 * ChunkBytes);
            int count = disk.AllocatedRanges(new ByteRange(offsetBytes, ChunkBytes)).Count();
            Assert.Equal(1, count);
            disk.Read(offsetBytes, buffer);
        }

        Assert.Equal((ChunkCount * (8 + 16)) + 8, disk.MetadataBytesRead - before);
    }

    /// <summary>An image whose file holds one in so many of its blocks.</summary>
    private string Many(long sizeBytes, int blockStep)
    {
        string path = folder.File("disk.vhdx");
        Write(path, Options(sizeBytes));
        SparseBlocks.Place(path, sizeBytes, blockStep);
        return path;
    }

    /// <summary>A child all of whose blocks hold every other 64 KiB, the second of each pair.</summary>
    private string Chain(long sizeBytes)
    {
        Write(folder.File("base.vhdx"), Options(sizeBytes));
        DifferencingImage image = new(sizeBytes, MiB, 512);
        using (VhdxDisk parent = VhdxDisk.Open(folder.File("base.vhdx")))
        {
            image.SetParent(parent.DataWriteGuid, "base.vhdx");
        }

        string path = folder.File("child.avhdx", image.Build());
        byte[] bits = new byte[MiB];
        for (int at = 0; at < bits.Length; at++)
        {
            bits[at] = (byte)(at / 16 % 2 == 0 ? 0 : 0xFF);
        }

        SparseBlocks.PlacePartly(path, sizeBytes, bits);
        return path;
    }
}
