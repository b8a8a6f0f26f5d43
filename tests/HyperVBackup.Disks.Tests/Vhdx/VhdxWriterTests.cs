using HyperVBackup.Disks.Vhdx;
using Microsoft.Win32.SafeHandles;
using Xunit;
using static HyperVBackup.Disks.Tests.Vhdx.VhdxFixture;

namespace HyperVBackup.Disks.Tests.Vhdx;

public sealed class VhdxWriterTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_the_options_say_is_what_the_reader_finds()
    {
        string path = folder.File("disk.vhdx");
        Guid id = new("8f2b54c3-1111-4222-8333-0123456789AB");
        Write(path, Options(12 * MiB, 2 * MiB) with
        {
            DiskId = id,
            LogicalSectorSizeBytes = 4096,
            PhysicalSectorSizeBytes = 512,
        });
        using VhdxDisk disk = VhdxDisk.Open(path);
        Assert.Equal("8f2b54c3-1111-4222-8333-0123456789ab", disk.Identity);
        Assert.Equal(4096, disk.LogicalSectorSizeBytes);
        Assert.Equal(512, disk.PhysicalSectorSizeBytes);
        Assert.Equal(2 * MiB, disk.BlockSizeBytes);
        Assert.NotEqual(Guid.Empty, disk.DataWriteGuid);
        Assert.False(disk.IsFixed);
        Assert.Empty(disk.AllocatedRanges(new ByteRange(0, disk.VirtualSizeBytes)));
    }

    [Fact]
    public void Every_image_gets_ids_of_its_own()
    {
        Write(folder.File("a.vhdx"), Options(MiB, seed: 1));
        Write(folder.File("b.vhdx"), Options(MiB, seed: 2));
        using VhdxDisk a = VhdxDisk.Open(folder.File("a.vhdx"));
        using VhdxDisk b = VhdxDisk.Open(folder.File("b.vhdx"));
        Assert.NotEqual(a.Identity, b.Identity);
        Assert.NotEqual(a.DataWriteGuid, b.DataWriteGuid);
    }

    [Fact]
    public void An_image_that_was_never_completed_does_not_open()
    {
        string path = folder.File("disk.vhdx");
        using (SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite))
        {
            using VhdxWriter writer = new(file, Options(12 * MiB));
            writer.Write(0, RandomBytes(MiB, 1));
        }
        DiskImageException e = Assert.Throws<DiskImageException>(() => DiskImage.Open(path));
        Assert.Contains("header at offset 65536", e.Message, StringComparison.Ordinal);
        Assert.NotEqual(0, Tool.Run("qemu-img", "qemu-utils", "check", path).ExitCode);
    }

    [Fact]
    public void Blocks_lie_in_the_order_of_their_first_write()
    {
        string path = folder.File("disk.vhdx");
        byte[] data = RandomBytes(8192, 3);
        Write(path, Options(12 * MiB), (9 * MiB, data[..4096]), (2 * MiB, data[4096..]), ((9 * MiB) + 8192, data));
        byte[] bytes = File.ReadAllBytes(path);
        Assert.Equal(6 * MiB, bytes.Length);
        Assert.Equal(data[..4096], bytes[(4 * MiB)..((4 * MiB) + 4096)]);
        Assert.Equal(data[4096..], bytes[(5 * MiB)..((5 * MiB) + 4096)]);
        using VhdxDisk disk = VhdxDisk.Open(path);
        Assert.Equal(
            [new ByteRange(2 * MiB, MiB), new ByteRange(9 * MiB, MiB)],
            disk.AllocatedRanges(new ByteRange(0, 12 * MiB)));
    }

    [Fact]
    public void What_cannot_be_written_is_the_callers_mistake()
    {
        using SafeFileHandle file = File.OpenHandle(folder.File("a"), FileMode.CreateNew, FileAccess.ReadWrite);
        foreach (VhdxWriterOptions options in (VhdxWriterOptions[])
            [
                Options(MiB + 1), Options(-512), Options((64L << 40) + 512), Options(MiB, 3 * MiB), Options(MiB, 512),
                Options(MiB, 512 * MiB), Options(MiB, int.MinValue),
                Options(MiB) with { LogicalSectorSizeBytes = 520 }, Options(MiB) with { PhysicalSectorSizeBytes = 0 },
                Options(MiB + 512) with { LogicalSectorSizeBytes = 4096 },
            ])
        {
            Assert.Throws<ArgumentException>(() => new VhdxWriter(file, options));
        }
        using VhdxWriter writer = new(file, Options(MiB));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Write(MiB - 1, new byte[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Write(-1, new byte[1]));
        writer.Complete();
        Assert.Throws<InvalidOperationException>(() => writer.Write(0, new byte[2]));
        Assert.Throws<InvalidOperationException>(writer.Complete);
        Assert.Throws<ArgumentException>(() => new VhdxWriter(file, Options(MiB)));
    }

    [Fact]
    public void A_sparse_disk_of_64_TiB_is_written_and_read_in_little_memory()
    {
        const long size = 64L << 40;
        string path = folder.File("huge.vhdx");
        byte[] data = RandomBytes(65_536, 4);
        // One block under each of more table pages than the writer holds.
        (long, byte[])[] pieces = [.. Enumerable.Range(0, 300).Select(i => (i * (size / 300 / MiB) * MiB, data))];
        Write(path, Options(size), [.. pieces, (size - 65_536, data), (MiB - 65_536, data)]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        using VhdxDisk disk = VhdxDisk.Open(path);
        byte[] read = new byte[65_536];
        foreach (long at in (long[])[0, MiB - 65_536, 77 * (size / 300 / MiB) * MiB, size - 65_536])
        {
            disk.Read(at, read);
            Assert.Equal(data, read);
            Assert.Single(disk.AllocatedRanges(new ByteRange(at, 65_536)));
        }
        disk.Read((size / 2) + (MiB * 3L), read);
        Assert.False(read.AsSpan().ContainsAnyExcept((byte)0));
        Assert.InRange(disk.MetadataBytesRead, 1, 4 * MiB);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 16 * MiB);
        Parallel.For(0, 300, i =>
        {
            byte[] some = new byte[65_536];
            disk.Read(i * (size / 300 / MiB) * MiB, some);
            Assert.Equal(data, some);
        });
    }
}
