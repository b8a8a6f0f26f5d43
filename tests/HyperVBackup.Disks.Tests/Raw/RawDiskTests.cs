using HyperVBackup.Disks.Raw;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace HyperVBackup.Disks.Tests.Raw;

public sealed class RawDiskTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(511)]
    [InlineData(70_001)]
    public void A_raw_image_of_any_length_reads_as_its_bytes(int lengthBytes)
    {
        byte[] content = RandomBytes(lengthBytes);
        using IDisk disk = DiskImage.Open(folder.File("disk.raw", content));
        byte[] read = new byte[lengthBytes];
        disk.Read(0, read);
        Assert.Equal(lengthBytes, disk.VirtualSizeBytes);
        Assert.Equal(512, disk.LogicalSectorSizeBytes);
        Assert.Null(disk.Identity);
        Assert.Equal(content, read);
    }

    [Fact]
    public void Reading_outside_the_disk_is_the_callers_mistake()
    {
        using IDisk disk = DiskImage.Open(folder.File("disk.raw", new byte[100]));
        Assert.Throws<ArgumentOutOfRangeException>(() => disk.Read(99, new byte[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => disk.Read(-1, new byte[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => disk.Read(long.MaxValue, new byte[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => disk.AllocatedRanges(new ByteRange(99, 2)).Count());
    }

    [Fact]
    public void Holes_are_not_allocated_and_data_is()
    {
        const long MiB = 1 << 20;
        string path = folder.File("sparse.raw");
        Write(path, 1L << 40, (3 * MiB, RandomBytes(100_000)), ((1L << 40) - 5, RandomBytes(5)));
        using IDisk disk = DiskImage.Open(path);
        List<ByteRange> ranges = [.. disk.AllocatedRanges(new ByteRange(0, 1L << 40))];
        Assert.True(ranges.Sum(range => range.LengthBytes) < MiB, string.Join(' ', ranges));
        Assert.Contains(ranges, range => range.StartBytes <= 3 * MiB && range.EndBytes >= (3 * MiB) + 100_000);
        Assert.Equal(1L << 40, ranges[^1].EndBytes);
        Assert.Empty(disk.AllocatedRanges(new ByteRange(10 * MiB, 1L << 30)));
        Assert.Equal(
            [new ByteRange((3 * MiB) + 7, 11)], disk.AllocatedRanges(new ByteRange((3 * MiB) + 7, 11)));
    }

    [Fact]
    public void What_the_writer_wrote_is_read_and_the_rest_is_zero()
    {
        byte[] data = RandomBytes(70_000);
        string path = folder.File("written.raw");
        Write(path, 1_000_003, (500_000, data[..60_000]), (0, data[60_000..]));
        byte[] expected = new byte[1_000_003];
        data[..60_000].CopyTo(expected, 500_000);
        data[60_000..].CopyTo(expected, 0);
        Assert.Equal(expected, File.ReadAllBytes(path));
    }

    [Fact]
    public void The_writer_refuses_what_lies_outside_and_what_comes_after_the_end()
    {
        using SafeFileHandle file = Create(folder.File("disk.raw"));
        using RawWriter writer = new(file, 100);
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Write(99, new byte[2]));
        writer.Complete();
        Assert.Throws<InvalidOperationException>(() => writer.Write(0, new byte[2]));
        Assert.Throws<InvalidOperationException>(writer.Complete);
        Assert.Throws<ArgumentException>(() => new RawWriter(file, 100));
    }

    [Fact]
    public void A_file_cut_short_while_it_is_read_is_refused()
    {
        string path = folder.File("disk.raw", RandomBytes(8192));
        using IDisk disk = DiskImage.Open(path);
        using (SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite))
        {
            RandomAccess.SetLength(file, 4096);
        }
        DiskImageException e = Assert.Throws<DiskImageException>(() => disk.Read(4000, new byte[200]));
        Assert.Equal($"The data at offset 4000 of '{path}' is cut off: the file ends at 4096.", e.Message);
        Assert.Throws<DiskImageException>(() => disk.AllocatedRanges(new ByteRange(4096, 4096)).Count());
    }

    [Fact]
    public void A_file_that_is_written_renamed_and_deleted_meanwhile_stays_readable()
    {
        string path = folder.File("live.raw", new byte[4096]);
        using SafeFileHandle writer = File.OpenHandle(
            path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        using IDisk disk = DiskImage.Open(path);
        File.Delete(path);
        RandomAccess.Write(writer, [1, 2, 3], 5);
        byte[] read = new byte[3];
        disk.Read(5, read);
        Assert.Equal([1, 2, 3], read);
    }

    private static void Write(string path, long virtualSizeBytes, params (long OffsetBytes, byte[] Data)[] pieces)
    {
        using SafeFileHandle file = Create(path);
        using RawWriter writer = new(file, virtualSizeBytes);
        foreach ((long offsetBytes, byte[] data) in pieces)
        {
            writer.Write(offsetBytes, data);
        }
        writer.Complete();
    }

    private static SafeFileHandle Create(string path) =>
        File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite);

    private static byte[] RandomBytes(int count)
    {
        byte[] bytes = new byte[count];
        new Random(7).NextBytes(bytes);
        return bytes;
    }
}
