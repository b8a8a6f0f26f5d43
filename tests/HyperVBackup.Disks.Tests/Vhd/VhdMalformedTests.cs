using System.Text;
using HyperVBackup.Disks.Vhd;
using HyperVBackup.Testing.Images;
using Microsoft.Win32.SafeHandles;
using Xunit;
using static HyperVBackup.Disks.Tests.Vhd.VhdFixture;

namespace HyperVBackup.Disks.Tests.Vhd;

/// <summary>Damage to any structure is refused in one sentence that names file, structure and offset.</summary>
public sealed class VhdMalformedTests : IDisposable
{
    private const ulong GiB = 1UL << 30;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>Phrase, offset of the field, its size, what it becomes; both copies of the footer alike.</summary>
    public static TheoryData<string, int, int, ulong> Mutations => new()
    {
        { "has version 00020000, which is not read", 12, 4, 0x20000 },
        { "has version 00000000, which is not read", 12, 4, 0 },
        { "gives the disk type 0,", 60, 4, 0 },
        { "gives the disk type 5,", 60, 4, 5 },
        { "gives the disk type -1,", 60, 4, uint.MaxValue },
        { "over 2040 GiB, or not in sectors", 48, 8, (2040 * GiB) + 512 },
        { "over 2040 GiB, or not in sectors", 48, 8, ulong.MaxValue },
        { "over 2040 GiB, or not in sectors", 48, 8, 1UL << 63 },
        { "over 2040 GiB, or not in sectors", 48, 8, 40_959 },
        { "where the file has none", 16, 8, 0 },
        { "where the file has none", 16, 8, 511 },
        { "where the file has none", 16, 8, ulong.MaxValue },
        { "where the file has none", 16, 8, long.MaxValue - 512 },
        { "where the file has none", 16, 8, 19_000 },
        { "dynamic header at offset 513", 16, 8, 513 },
        { "dynamic header at offset 512 of", Header, 1, 'C' },
        { "has version 00000001, which is not read", Header + 24, 4, 1 },
        { "block size of 0 bytes", Header + 32, 4, 0 },
        { "block size of 2048 bytes", Header + 32, 4, 2 * KiB },
        { "block size of 6144 bytes", Header + 32, 4, 6 * KiB },
        { "block size of 536870912 bytes", Header + 32, 4, GiB / 2 },
        { "block size of 4294967295 bytes", Header + 32, 4, uint.MaxValue },
        { "table of 9 entries, too few for the disk's 10 blocks", Header + 28, 4, 9 },
        { "table of 0 entries, too few", Header + 28, 4, 0 },
        { "too few for the disk's 534773760 blocks", 48, 8, 2040 * GiB },
        { "places a table of 40 bytes at 18446744073709551615", Header + 16, 8, ulong.MaxValue },
        { "places a table of 40 bytes at 9223372036854775807", Header + 16, 8, long.MaxValue },
        { "places a table of 40 bytes at 17889, not inside", Header + 16, 8, 17_889 },
        { "places the table at 1000, over another structure", Header + 16, 8, 1000 },
        { "places the table at 0, over another structure", Header + 16, 8, 0 },
        { "table entry at offset 3584 of", Table, 4, 0 },
        { "at sector 4294967294, not inside the file's", Table, 4, uint.MaxValue - 1 },
        { "at sector 27, not inside the file's", Table, 4, 27 },
        { "at sector 7, over another block or structure", Table, 4, 7 },
        { "at sector 1, over another block or structure", Table + 4, 4, 1 },
        { "at sector 8, over another block or structure", Table + 4, 4, 8 },
        { "at sector 9, over another block or structure", Table + 4, 4, 9 },
        { "at sector 16, over another block or structure", Table + 4, 4, 16 },
    };

    [Theory]
    [MemberData(nameof(Mutations))]
    public void A_field_that_cannot_be_is_refused_by_name(string phrase, int at, int size, ulong value)
    {
        byte[] bytes = Builder(new byte[SizeBytes]).Build();
        Put(bytes, at, size, value);
        bytes.AsSpan(0, 512).CopyTo(bytes.AsSpan(FooterOf(bytes)));
        Reseal(bytes);
        string path = folder.File("disk.vhd", bytes);
        DiskImageException e = Assert.Throws<DiskImageException>(() => Traverse(path));
        Assert.Contains(phrase, e.Message, StringComparison.Ordinal);
        Assert.Matches($"^The [a-z ]+ at offset [0-9]+ of '{path}' [^.]+\\.$", e.Message);
    }

    [Fact]
    public void A_table_of_more_blocks_than_a_disk_of_2040_GiB_has_is_refused()
    {
        byte[] bytes = new VhdBuilder(0, BlockSize, Id).Build();
        Put(bytes, 48, 8, 17 * GiB);
        Put(bytes, Header + 28, 4, uint.MaxValue);
        bytes.AsSpan(0, 512).CopyTo(bytes.AsSpan(FooterOf(bytes)));
        Reseal(bytes);
        DiskImageException e = Assert.Throws<DiskImageException>(() => Traverse(folder.File("disk.vhd", bytes)));
        Assert.Contains("block size of 4096 bytes, too small for a disk", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_more_room_for_blocks_than_any_needs_is_refused()
    {
        string path = folder.File("disk.vhd", Builder(new byte[SizeBytes]).Build());
        using (FileStream file = File.OpenWrite(path))
        {
            file.SetLength(40L << 30);
        }

        DiskImageException e = Assert.Throws<DiskImageException>(() => Traverse(path));
        Assert.Contains("block size of 4096 bytes, too small for a disk or file", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(512)]
    [InlineData(511)]
    public void A_fixed_image_shorter_than_its_disk_is_refused(int footerSize)
    {
        byte[] bytes = VhdBuilder.FixedOf(new byte[8 * KiB], Id, footerSize == 511);
        DiskImageException e = Assert.Throws<DiskImageException>(
            () => Traverse(folder.File("disk.img", bytes[512..])));
        Assert.Contains("gives a fixed disk of 8192 bytes, more than stand", e.Message, StringComparison.Ordinal);
        Assert.Equal(new byte[8 * KiB], Traverse(folder.File("longer.img", [.. new byte[512], .. bytes])));
    }

    [Fact]
    public void One_damaged_footer_does_no_harm_and_two_are_refused()
    {
        byte[] content = new byte[SizeBytes];
        byte[] bytes = Builder(content).Build();
        foreach (int damaged in (int[])[100, FooterOf(bytes) + 5, FooterOf(bytes) + 67])
        {
            byte[] one = [.. bytes];
            one[damaged] ^= 4;
            Assert.Equal(content, Traverse(folder.File("disk.vhd", one)));
        }

        Assert.Equal(content, Traverse(folder.File("disk.vhd", bytes[..^512])));
        bytes[100] ^= 4;
        bytes[FooterOf(bytes) + 5] ^= 4;
        DiskImageException e = Assert.Throws<DiskImageException>(() => Traverse(folder.File("disk.vhd", bytes)));
        Assert.Contains("has a wrong signature or checksum", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(48, 8, SizeBytes - 512)]
    [InlineData(60, 4, 4)]
    [InlineData(16, 8, 1024)]
    [InlineData(68, 4, 7)]
    public void Footers_that_speak_of_different_disks_are_refused(int at, int size, ulong value)
    {
        byte[] bytes = Builder(new byte[SizeBytes]).Build();
        Put(bytes, FooterOf(bytes) + at, size, value);
        Reseal(bytes);
        DiskImageException e = Assert.Throws<DiskImageException>(() => Traverse(folder.File("disk.vhd", bytes)));
        Assert.Contains("speaks of another disk than its copy", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Footers_may_differ_in_what_does_not_matter_here()
    {
        byte[] content = new byte[SizeBytes];
        byte[] bytes = Builder(content).Build();
        Put(bytes, 24, 4, 99);
        Put(bytes, 84, 1, 1);
        Reseal(bytes);
        Assert.Equal(content, Traverse(folder.File("disk.vhd", bytes)));
    }

    [Fact]
    public void A_guest_that_keeps_an_image_on_a_fixed_disk_does_not_change_what_the_disk_is()
    {
        byte[] inner = Builder(new byte[SizeBytes]).Build();
        byte[] bytes = VhdBuilder.FixedOf([.. inner, .. new byte[512]], ParentId);
        Assert.Equal(bytes[..^512], Traverse(folder.File("disk.vhd", bytes)));
        Assert.Equal(inner, Traverse(folder.File("full.vhd", VhdBuilder.FixedOf(inner, ParentId))));
    }

    [Fact]
    public void A_file_cut_anywhere_is_refused_or_reads_as_before()
    {
        byte[] content = new byte[SizeBytes];
        byte[] bytes = Builder(content).Build();
        string path = folder.File("cut.vhd", bytes);
        int[] lengths = [bytes.Length - 1, .. Enumerable.Range(0, bytes.Length / 64).Reverse().Select(at => at * 64)];
        foreach (int length in lengths)
        {
            using (FileStream file = File.OpenWrite(path))
            {
                file.SetLength(length);
            }

            if (length >= bytes.Length - 512)
            {
                Assert.Equal(content, Traverse(path));
                continue;
            }

            DiskImageException e = Assert.Throws<DiskImageException>(() => Traverse(path));
            Assert.Contains(path, e.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_file_cut_while_it_is_read_is_refused(bool isFixed)
    {
        byte[] content = new byte[SizeBytes];
        byte[] bytes = Builder(content).Build();
        string path = folder.File("disk.vhd", isFixed ? VhdBuilder.FixedOf(content, Id) : bytes);
        using VhdDisk disk = VhdDisk.Open(path);
        using (SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            RandomAccess.SetLength(file, 3000);
        }

        DiskImageException e = Assert.Throws<DiskImageException>(() => disk.Read(0, new byte[SizeBytes]));
        Assert.Contains("is cut off: the file ends at ", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<DiskImageException>(() => disk.AllocatedRanges(new ByteRange(0, SizeBytes)).Count());
        Assert.Contains("is cut off: the file ends at ", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 3)]
    [InlineData(1UL << 40, 2)]
    [InlineData(ulong.MaxValue - 1, 2)]
    [InlineData(0, 65_538)]
    [InlineData(512, uint.MaxValue - 1)]
    public void A_path_to_the_parent_that_cannot_be_is_refused(ulong offset, uint length)
    {
        VhdBuilder builder = Builder(new byte[SizeBytes]).On(ParentId, "base.vhd").At("W2ru", @".\base.vhd");
        byte[] bytes = builder.Build();
        Put(bytes, Header + 576 + 8, 4, length);
        Put(bytes, Header + 576 + 16, 8, offset);
        Reseal(bytes);
        DiskImageException e = Assert.Throws<DiskImageException>(() => Traverse(folder.File("disk.avhd", bytes)));
        Assert.Contains(
            $"places a path to the parent where none can be ({length} bytes at {offset})",
            e.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Locators_of_other_systems_are_passed_over()
    {
        folder.File("base.vhd", VhdBuilder.FixedOf(new byte[SizeBytes], ParentId));
        byte[] bytes = Builder(new byte[SizeBytes]).On(ParentId, "base.vhd").At("MacX", "file://nowhere").Build();
        Put(bytes, Header + 576 + 16, 8, ulong.MaxValue);
        Encoding.ASCII.GetBytes("Wi2r", bytes.AsSpan(Header + 600));
        Reseal(bytes);
        Traverse(folder.File("disk.avhd", bytes));
    }
}
