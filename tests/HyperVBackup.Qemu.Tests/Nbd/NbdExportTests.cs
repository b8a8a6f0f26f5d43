using HyperVBackup.Disks;
using HyperVBackup.Qemu.Nbd;
using HyperVBackup.Qemu.Tests.Kit;
using Xunit;

namespace HyperVBackup.Qemu.Tests.Nbd;

public sealed class NbdExportTests
{
    [Fact]
    public void A_long_read_is_spread_over_connections_and_put_together()
    {
        Queue<byte[]> scripts = new(Enumerable.Range(0, 4).Select(part => (byte[])
            [.. Scripts.Negotiation, .. Scripts.Data(1, 1, part << 18, [.. Enumerable.Repeat((byte)part, 1 << 18)])]));
        using NbdExport export = new(_ => Scripts.Connect(scripts.Dequeue()));
        byte[] read = new byte[1 << 20];
        export.Read(0, read);
        Assert.Empty(scripts);
        Assert.All(Enumerable.Range(0, read.Length), at => Assert.Equal(at >> 18, read[at]));
    }

    [Fact]
    public void What_does_not_begin_or_end_with_a_block_is_read_with_what_is_around_it()
    {
        byte[] block = [.. Enumerable.Range(0, 1024).Select(at => (byte)(at % 251))];
        using NbdExport export = new(_ => Scripts.Connect([.. Scripts.Negotiation, .. Scripts.Data(1, 1, 512, block)]));
        export.Open();
        byte[] read = new byte[600];
        export.Read(700, read);
        Assert.Equal(block[188..788], read);
    }

    [Fact]
    public void A_connection_that_failed_is_not_used_again()
    {
        Queue<byte[]> scripts = new([
            [.. Scripts.Negotiation, .. Scripts.Error(1, 5, "")],
            [.. Scripts.Negotiation, .. Scripts.Data(1, 1, 0, new byte[512])]]);
        using NbdExport export = new(_ => Scripts.Connect(scripts.Dequeue()));
        Assert.Throws<DiskImageException>(() => export.Read(0, new byte[512]));
        export.Read(0, new byte[512]);
    }

    /// <summary>A server looks at one layer after another: what is written in between looks like zeros once.</summary>
    [Fact]
    public void Zeros_are_only_what_is_called_so_twice()
    {
        using NbdExport export = new(_ => Scripts.Connect([
            .. Scripts.Negotiation,
            .. Scripts.Status(1, (4096, 3), (4096, 0), (1 << 20, 3)),
            .. Scripts.Status(2, (8192, 0)),
            .. Scripts.Status(3, (4096, 2), (1 << 20, 3))]));
        Assert.Equal([new ByteRange(0, 8192)], export.NotZero(new ByteRange(0, 65536)));
    }

    [Fact]
    public void A_bitmap_is_asked_for_until_all_of_the_disk_is_told()
    {
        using NbdExport export = new(_ => Scripts.Connect([
            .. Scripts.Negotiation,
            .. Scripts.Status(1, (65536, 1), (65536, 0)),
            .. Scripts.Status(2, (131072, 1)),
            .. Scripts.Status(3, (1 << 20, 0))]));
        export.Open();
        Assert.Equal(
            [new ByteRange(0, 65536), new ByteRange(131072, 131072)], export.Flagged(Scripts.Context, flag: 1));
    }

    [Fact]
    public void Two_sizes_of_one_export_are_refused()
    {
        byte[] other = [.. Scripts.Negotiation];
        other[^(20 + 34 + 2 + 3)] ^= 0x20; // in the size
        Queue<byte[]> scripts = new([Scripts.Negotiation, other]);
        using NbdExport export = new(_ => Scripts.Connect(scripts.Dequeue()));
        export.Open();
        DiskImageException failure =
            Assert.Throws<DiskImageException>(() => export.Flagged(Scripts.Context, 1).Count());
        Assert.Contains("two sizes", failure.Message, StringComparison.Ordinal);
    }
}
