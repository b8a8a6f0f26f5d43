using HyperVBackup.Disks.Vhdx;
using Xunit;
using static HyperVBackup.Disks.Tests.Vhdx.VhdxFixture;

namespace HyperVBackup.Disks.Tests.Vhdx;

public sealed class LogReplayTests : IDisposable
{
    private const int DataAt = 4 * MiB;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>Kills qemu's writer at a flush, at several of them, and asks qemu itself what a replay gives.</summary>
    [Fact]
    public void A_writer_killed_at_any_flush_leaves_what_qemu_finds_after_replaying_the_log()
    {
        int replayed = 0;
        for (int attempt = 0; attempt < 40 && (attempt < 7 || replayed == 0); attempt++)
        {
            string path = folder.File($"killed{attempt}.vhdx");
            KillWriterAtFlush(path, 2 + (attempt % 7));
            byte[] before = File.ReadAllBytes(path);
            replayed += NeedsReplay(path) ? 1 : 0;
            byte[] read = ReadAll(path);
            Assert.Equal(before, File.ReadAllBytes(path));
            Assert.Equal(QemuReplayed(path), read);
        }
        Assert.True(replayed > 0, "no writer was killed with something in its log");
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(405_504, true)]
    [InlineData(LogImage.LogLength - 4096, false)]
    [InlineData(LogImage.LogLength - 12288, false)]
    public void A_log_is_replayed_wherever_in_its_ring_it_stands(int firstEntryAt, bool isQemuAble)
    {
        byte[] page = RandomBytes(4096, 8);
        LogImage image = new(Base(), firstEntryAt);
        image.Add((DataAt, page, 0), (DataAt + 8192, page, 0), (DataAt + 65_536, null, 4096));
        image.Add((DataAt + 8192, null, 8192), (DataAt + 20_480, page, 0));
        image.Add((DataAt + 12_288, page, 0));
        string path = folder.File("disk.vhdx", image.Build());
        byte[] expected = Content();
        page.CopyTo(expected, 0);
        expected.AsSpan(65_536, 4096).Clear();
        expected.AsSpan(8192, 8192).Clear();
        page.CopyTo(expected, 20_480);
        page.CopyTo(expected, 12_288);
        Assert.Equal(expected, ReadAll(path));
        if (isQemuAble)
        {
            // qemu 7.2 finds no entries that go over the end of the ring.
            Assert.Equal(expected, QemuReplayed(path));
        }
        using VhdxDisk disk = VhdxDisk.Open(path);
        byte[] some = new byte[9000];
        disk.Read(5000, some);
        Assert.Equal(expected[5000..14_000], some);
    }

    [Fact]
    public void A_torn_last_entry_is_left_out()
    {
        LogImage image = new(Base(), 40_960);
        image.Add((DataAt, RandomBytes(4096, 1), 0));
        int torn = image.Add((DataAt, RandomBytes(4096, 2), 0));
        image.Spoil(torn + 5000);
        byte[] expected = Content();
        RandomBytes(4096, 1).CopyTo(expected, 0);
        string path = folder.File("disk.vhdx", image.Build());
        Assert.Equal(expected, ReadAll(path));
        Assert.Equal(expected, QemuReplayed(path));
    }

    [Fact]
    public void Only_entries_from_the_tail_on_are_replayed()
    {
        LogImage image = new(Base(), 0);
        image.Add((DataAt, RandomBytes(4096, 1), 0));
        image.Tail = image.Add((DataAt + 4096, RandomBytes(4096, 2), 0));
        image.Add((DataAt + 8192, RandomBytes(4096, 3), 0));
        byte[] expected = Content();
        RandomBytes(4096, 2).CopyTo(expected, 4096);
        RandomBytes(4096, 3).CopyTo(expected, 8192);
        Assert.Equal(expected, ReadAll(folder.File("disk.vhdx", image.Build())));
    }

    [Fact]
    public void A_log_without_a_whole_entry_of_its_id_is_empty()
    {
        LogImage image = new(Base(), 0);
        image.Add((DataAt, RandomBytes(4096, 1), 0));
        image.Spoil(100);
        Assert.Equal(Content(), ReadAll(folder.File("torn.vhdx", image.Build())));
        LogImage other = new(Base(), 0);
        other.Add((DataAt, RandomBytes(4096, 1), 0));
        byte[] bytes = other.Build();
        VhdxHeader.TryRead(NewerHeader(bytes), out VhdxHeader header);
        (header with { LogId = new Guid(5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5) }).WriteTo(bytes.AsSpan(65_536));
        Assert.Equal(Content(), ReadAll(folder.File("other.vhdx", bytes)));
    }

    [Fact]
    public void The_file_a_log_makes_longer_is_zero_there()
    {
        LogImage image = new(Base(), 0) { LastLength = (ulong)(Base().Length + (4 * MiB)) };
        byte[] table = new byte[4096];
        Base().AsSpan(3 * MiB, 4096).CopyTo(table);
        BitConverter.TryWriteBytes(table.AsSpan(8), (ulong)(6 | (8 << 20)));
        image.Add((3 * MiB, table, 0), ((8 * MiB) + 4096, RandomBytes(4096, 1), 0));
        byte[] expected = Content();
        RandomBytes(4096, 1).CopyTo(expected, MiB + 4096);
        Assert.Equal(expected, ReadAll(folder.File("disk.vhdx", image.Build())));
    }

    [Theory]
    [InlineData("is cut off", 0L, 1L << 40, 0UL, DataAt)]
    [InlineData("longer than any VHDX", 0L, 0L, ulong.MaxValue, DataAt)]
    [InlineData("where it must not", 0L, 0L, 0UL, 65_536)]
    [InlineData("where it must not", 0L, 0L, 0UL, LogImage.LogAt + 4096)]
    [InlineData("where it must not", 0L, 0L, 0UL, DataAt + 512)]
    [InlineData("where it must not", 1000L, 0L, 0UL, DataAt)]
    [InlineData("where it must not", long.MinValue, 0L, 0UL, DataAt)]
    [InlineData("where it must not", 1L << 50, 0L, 0UL, DataAt)]
    public void A_log_entry_that_says_what_cannot_be_is_refused(
        string phrase, long zeroLength, long flushedLength, ulong lastLength, long offset)
    {
        LogImage image = new(Base(), 0) { FlushedLength = (ulong)flushedLength, LastLength = lastLength };
        image.Add((offset, zeroLength == 0 ? new byte[4096] : null, zeroLength));
        string path = folder.File("disk.vhdx", image.Build());
        DiskImageException e = Assert.Throws<DiskImageException>(() => VhdxDisk.Open(path));
        Assert.Contains(phrase, e.Message, StringComparison.Ordinal);
        Assert.Contains(path, e.Message, StringComparison.Ordinal);
        Assert.Contains("log entry at offset 1048576", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Whole_entries_whose_tail_is_missing_are_damage()
    {
        LogImage image = new(Base(), 0);
        int first = image.Add((DataAt, RandomBytes(4096, 1), 0));
        image.Add((DataAt + 4096, RandomBytes(4096, 2), 0));
        image.Spoil(first + 64);
        string path = folder.File("disk.vhdx", image.Build());
        DiskImageException e = Assert.Throws<DiskImageException>(() => VhdxDisk.Open(path));
        Assert.Equal(
            $"The log at offset 1048576 of '{path}' holds whole entries, but not all that belong with them.",
            e.Message);
    }

    private static byte[] Content()
    {
        byte[] content = new byte[4 * MiB];
        RandomBytes(MiB, 3).CopyTo(content, 0);
        return content;
    }

    /// <summary>An image of 4 MiB whose first block, random bytes, lies at <see cref="DataAt"/>.</summary>
    private byte[] Base()
    {
        string path = folder.File("base.vhdx");
        File.Delete(path);
        Write(path, Options(4 * MiB), (0, RandomBytes(MiB, 3)));
        return File.ReadAllBytes(path);
    }

    private static ReadOnlySpan<byte> NewerHeader(byte[] file)
    {
        bool isFirst = VhdxHeader.TryRead(file.AsSpan(65_536, 4096), out VhdxHeader first);
        bool isSecond = VhdxHeader.TryRead(file.AsSpan(131_072, 4096), out VhdxHeader second);
        return isFirst && (!isSecond || first.SequenceNumber > second.SequenceNumber)
            ? file.AsSpan(65_536, 4096)
            : file.AsSpan(131_072, 4096);
    }

    private static bool NeedsReplay(string path) =>
        Tool.Run("qemu-io", "qemu-utils", "-r", "-f", "vhdx", "-c", "read 0 512", path).Output
            .Contains("log that needs to be replayed", StringComparison.Ordinal);

    private byte[] QemuReplayed(string path)
    {
        string copy = folder.File("replayed.vhdx");
        string raw = folder.File("replayed.raw");
        File.Copy(path, copy, overwrite: true);
        Tool.Run("qemu-img", "qemu-utils", "check", "-q", "-r", "all", copy);
        Tool.QemuImage("convert", "-f", "vhdx", "-O", "raw", copy, raw);
        return File.ReadAllBytes(raw);
    }

    private void KillWriterAtFlush(string path, int flush)
    {
        Tool.QemuImage("create", "-q", "-f", "vhdx", "-o", "block_size=1M,subformat=dynamic", path, "16M");
        Tool.Run(
            "strace", "strace", "-f", "-P", path, "-e", "trace=fdatasync,fsync",
            "-e", $"inject=fdatasync,fsync:signal=KILL:when={flush}", "-o", folder.File("trace"),
            "qemu-io", "-t", "writeback", "--image-opts",
            $"driver=vhdx,file.driver=file,file.aio=threads,file.filename={path}",
            "-c", "write -P 0x5a 0 1M", "-c", "write -P 0x6b 8M 512k", "-c", "write -P 0x7c 9M 4M");
    }
}
