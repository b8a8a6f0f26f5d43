using FsCheck.Xunit;
using HyperVBackup.Disks.Vhdx;
using Xunit;
using static HyperVBackup.Disks.Tests.Vhdx.VhdxFixture;

namespace HyperVBackup.Disks.Tests.Vhdx;

public sealed class VhdxPropertyTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Property(MaxTest = 8)]
    public void Pieces_written_in_any_order_read_back_here_and_in_qemu(int seed)
    {
        Random random = new(seed);
        string path = folder.File($"{Name(random)}.vhdx");
        byte[] content = RandomDisk(random, 512, out (long, byte[])[] pieces);
        Write(path, Options(content.Length, MiB << random.Next(3)) with { IsFixed = random.Next(4) == 0 }, pieces);
        Assert.Equal(content, ReadAll(path));
        string raw = path + ".raw";
        Tool.QemuImage("convert", "-f", "vhdx", "-O", "raw", path, raw);
        Assert.Equal(content, File.ReadAllBytes(raw));
        File.Delete(path);
        File.Delete(raw);
    }

    /// <summary>qemu reads no sectors of 4096 bytes, so libvhdi and 7-Zip judge these.</summary>
    [Fact]
    public void A_disk_of_4096_byte_sectors_reads_in_other_programs()
    {
        Random random = new(99);
        string path = folder.File("disk.vhdx");
        byte[] content = RandomDisk(random, 4096, out (long, byte[])[] pieces);
        Write(path, Options(content.Length) with { LogicalSectorSizeBytes = 4096 }, pieces);
        Assert.Equal(content, ReadAll(path));
        string facts = Tool.VhdiFacts(path);
        Assert.Contains($"({content.Length} bytes)", facts, StringComparison.Ordinal);
        Assert.Contains("4096 bytes", facts, StringComparison.Ordinal);
        string output = folder.File("out");
        Tool.SevenZip("e", "-tvhdx", "-y", $"-o{output}", path);
        Assert.Equal(content, File.ReadAllBytes(Directory.GetFiles(output).Single()));
    }

    private static string Name(Random random) => random.NextInt64().ToString("x16", null);

    private static byte[] RandomDisk(Random random, int sectorSize, out (long, byte[])[] pieces)
    {
        int size = sectorSize * random.Next(1, 8 * MiB / sectorSize);
        byte[] content = new byte[size];
        List<(long, byte[])> written = [];
        for (int at = 0; at < size;)
        {
            byte[] data = RandomBytes(Math.Min(random.Next(1, 300_000), size - at), random.Next());
            if (random.Next(3) == 0)
            {
                data.CopyTo(content, at);
                written.Add((at, data));
            }
            at += data.Length;
        }
        pieces = [.. written.OrderBy(_ => random.Next())];
        return content;
    }
}
