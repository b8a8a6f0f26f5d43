using System.Buffers.Binary;
using FsCheck.Xunit;
using HyperVBackup.Disks.Vhdx;
using Xunit;
using static HyperVBackup.Disks.Tests.Vhdx.VhdxFixture;

namespace HyperVBackup.Disks.Tests.Vhdx;

/// <summary>Damage to any structure is refused in one sentence that names file, structure and offset.</summary>
public sealed class MalformedTests : IDisposable
{
    private const int Header1 = 64 << 10;
    private const int Header2 = 128 << 10;
    private const int Region1 = 192 << 10;
    private const int Region2 = 256 << 10;
    private const int Metadata = 2 * MiB;
    private const int Items = Metadata + (64 << 10);
    private const int Bat = 3 * MiB;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>Phrase, offset of the field, its size, what it becomes.</summary>
    public static TheoryData<string, int, int, ulong> HeaderAndRegionMutations => new()
    {
        { "file identifier at offset 0", 0, 1, 'V' },
        { "header at offset 131072 of", Header2 + 66, 2, 2 },
        { "log that is not on whole MiB", Header2 + 68, 4, MiB + 4096 },
        { "log that is not on whole MiB", Header2 + 72, 8, MiB + 1 },
        { "log that does not lie inside the file", Header2 + 68, 4, 0xFFF00000 },
        { "log that does not lie inside the file", Header2 + 72, 8, 0xFFFFFFFFFFF00000 },
        { "log that is empty or in the file's first MiB", Header2 + 72, 8, 0 },
        { "log that is empty or in the file's first MiB", Header2 + 68, 4, 0 },
        { "log at offset 1048576 of", Header2 + 64, 2, 1 },
        { "counts 2048 entries", Region1 + 8, 4, 2048 },
        { "counts 4294967295 entries", Region1 + 8, 4, uint.MaxValue },
        { "names no block allocation table region", Region1 + 8, 4, 0 },
        { "names no metadata region", Region1 + 8, 4, 1 },
        { "which is not known here", Region1 + 16, 1, 1 },
        { "repeats the region", Region1 + 8, 4, 3 },
        { "region that is not on whole MiB", Region1 + 32, 8, Bat + 512 },
        { "region that is not on whole MiB", Region1 + 40, 4, 8 },
        { "region that is empty or in the file's first MiB", Region1 + 40, 4, 0 },
        { "region that is empty or in the file's first MiB", Region1 + 32, 8, 0 },
        { "region that does not lie inside the file", Region1 + 32, 8, 1UL << 40 },
        { "region that does not lie inside the file", Region1 + 32, 8, 0xFFFFFFFFFFF00000 },
        { "region that does not lie inside the file", Region1 + 40, 4, 0xFFF00000 },
        { "overlaps another or the log", Region1 + 32, 8, MiB },
        { "overlaps another or the log", Region1 + 32, 8, Metadata },
    };

    /// <summary>Phrase, offset of the field, its size, what it becomes.</summary>
    public static TheoryData<string, int, int, ulong> MetadataAndTableMutations => new()
    {
        { "metadata table at offset 2097152", Metadata, 1, 'M' },
        { "counts 2048 entries", Metadata + 10, 2, 2048 },
        { "lacks the file parameters", Metadata + 10, 2, 0 },
        { "lacks the physical sector size", Metadata + 10, 2, 4 },
        { "requires the item", Metadata + 32, 1, 1 },
        { "requires the item", Metadata + 32 + 24, 1, 5 },
        { "outside the metadata region", Metadata + 32 + 16, 4, 65_535 },
        { "outside the metadata region", Metadata + 32 + 16, 4, MiB },
        { "outside the metadata region", Metadata + 32 + 16, 4, uint.MaxValue },
        { "outside the metadata region", Metadata + 32 + 20, 4, MiB + 1 },
        { "outside the metadata region", Metadata + 32 + 20, 4, uint.MaxValue },
        { "over another", Metadata + 64 + 16, 4, 65_536 },
        { "fewer than the 8 it needs", Metadata + 32 + 20, 4, 4 },
        { "block size of 0 bytes", Items, 4, 0 },
        { "block size of 524288 bytes", Items, 4, MiB / 2 },
        { "block size of 536870912 bytes", Items, 4, 512 * MiB },
        { "block size of 1048577 bytes", Items, 4, MiB + 1 },
        { "lacks the parent locator", Items + 4, 4, 2 },
        { "virtual disk size at offset 2162696", Items + 8, 8, (64UL << 40) + 512 },
        { "virtual disk size at offset 2162696", Items + 8, 8, ulong.MaxValue },
        { "virtual disk size at offset 2162696", Items + 8, 8, 8 * MiB + 1 },
        { "too few for the disk's", Items + 8, 8, 1UL << 40 },
        { "logical sector size at offset 2162720", Items + 32, 4, 0 },
        { "logical sector size at offset 2162720", Items + 32, 4, 1024 },
        { "physical sector size at offset 2162724", Items + 36, 4, 513 },
        { "has the state 4,", Bat, 1, 4 },
        { "has the state 5,", Bat + 8, 1, 5 },
        { "has the state 7,", Bat + 16, 1, 7 },
        { "at 0 MiB, not inside the file", Bat, 8, 6 },
        { "not inside the file of", Bat, 8, 0xFFFFFFFFFFF00006 },
        { "at 6 MiB, not inside the file", Bat, 8, (6UL << 20) | 6 },
        { "over another block or structure", Bat, 8, (5UL << 20) | 6 },
        { "over another block or structure", Bat, 8, (3UL << 20) | 6 },
        { "over another block or structure", Bat, 8, (1UL << 20) | 6 },
    };

    [Theory]
    [MemberData(nameof(HeaderAndRegionMutations))]
    [MemberData(nameof(MetadataAndTableMutations))]
    public void A_field_that_cannot_be_is_refused_by_name(string phrase, int at, int size, ulong value)
    {
        byte[] bytes = Image();
        if (at == Header2 + 68 || at == Header2 + 72 || at == Header2 + 64)
        {
            bytes[Header2 + 48] = 1;
        }
        Span<byte> field = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(field, value);
        field[..size].CopyTo(bytes.AsSpan(at));
        if (phrase.StartsWith("repeats", StringComparison.Ordinal))
        {
            // A third entry that says again what the first does, of a place of its own.
            bytes.AsSpan(Region1 + 16, 32).CopyTo(bytes.AsSpan(Region1 + 80));
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(Region1 + 96), 5 * MiB);
        }
        Reseal(bytes);
        string path = folder.File("disk.vhdx", bytes);
        DiskImageException e = Assert.Throws<DiskImageException>(() => Traverse(path));
        Assert.Contains(phrase, e.Message, StringComparison.Ordinal);
        Assert.Matches($"^The [a-z ]+ at offset [0-9]+ of '{path}' [^.]+(\\.vhdx[^.]*)*\\.$", e.Message);
    }

    [Fact]
    public void An_image_whose_making_was_never_finished_is_refused()
    {
        byte[] bytes = Image();
        bytes[Metadata + 10] = 6;
        VhdxIds.IncompleteFile.TryWriteBytes(bytes.AsSpan(Metadata + 32 + (5 * 32)));
        DiskImageException e = Assert.Throws<DiskImageException>(() => Traverse(folder.File("disk.vhdx", bytes)));
        Assert.Contains("says that the image was never finished", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_regions_and_items_that_are_not_required_are_passed_over()
    {
        byte[] bytes = Image();
        bytes[Region1 + 8] = 3;
        new RegionEntry(new Guid(9, 9, 9, new byte[8]), 5 * MiB, MiB, IsRequired: false)
            .WriteTo(bytes.AsSpan(Region1 + 16 + (2 * 32)));
        bytes.AsSpan(Bat + 8, 8).Clear();
        bytes[Metadata + 10] = 6;
        new MetadataEntry(new Guid(9, 9, 9, new byte[8]), 0, 0, IsUser: true, false, IsRequired: false)
            .WriteTo(bytes.AsSpan(Metadata + 32 + (5 * 32)));
        Reseal(bytes);
        Assert.Equal(Content()[..MiB], ReadAll(folder.File("disk.vhdx", bytes))[..MiB]);
    }

    [Theory]
    [InlineData(Header1, Header2)]
    [InlineData(Region1, Region2)]
    public void One_damaged_copy_does_no_harm_and_two_are_refused(int first, int second)
    {
        foreach (int damaged in (int[])[first, second])
        {
            byte[] bytes = Image();
            bytes[damaged + 4000] ^= 1;
            Assert.Equal(Content(), ReadAll(folder.File("disk.vhdx", bytes)));
        }
        byte[] both = Image();
        both[first + 4000] ^= 1;
        both[second + 1] ^= 1;
        string path = folder.File("disk.vhdx", both);
        DiskImageException e = Assert.Throws<DiskImageException>(() => VhdxDisk.Open(path));
        Assert.EndsWith("and its copy have a wrong signature or checksum.", Cut(e.Message), StringComparison.Ordinal);
    }

    [Fact]
    public void Headers_of_one_number_must_be_equal()
    {
        byte[] bytes = Image();
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(Header1 + 8), 2);
        Reseal(bytes);
        Assert.Equal(Content(), ReadAll(folder.File("disk.vhdx", bytes)));
        bytes[Header1 + 40] ^= 1;
        Reseal(bytes);
        DiskImageException e = Assert.Throws<DiskImageException>(() => Traverse(folder.File("disk.vhdx", bytes)));
        Assert.Contains("but other content", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_cut_anywhere_is_refused()
    {
        byte[] bytes = Image();
        Random random = new(4);
        int[] lengths =
        [
            0, 7, 8, 100, Header1, Header1 + 4096, Header2 + 4095, Region1 + 100, Region2, MiB - 1, Metadata, Items,
            Bat, Bat + 8, bytes.Length - 1, bytes.Length - MiB,
            .. Enumerable.Range(0, 25).Select(_ => random.Next(bytes.Length)),
        ];
        foreach (int length in lengths)
        {
            string path = folder.File("cut.vhdx", bytes[..length]);
            DiskImageException e = Assert.Throws<DiskImageException>(() => Traverse(path));
            Assert.Contains(path, e.Message, StringComparison.Ordinal);
        }
    }

    [Property(MaxTest = 40)]
    public void Any_bytes_in_any_structure_are_refused_or_read_as_something(int seed)
    {
        Random random = new(seed);
        byte[] bytes = Image();
        int[] starts = [0, Header1, Header2, Region1, Metadata, Items, Bat, MiB];
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            int at = starts[random.Next(starts.Length)] + random.Next(random.Next(2) == 0 ? 100 : 4096);
            bytes[at] = random.Next(3) switch { 0 => 0xFF, 1 => (byte)random.Next(256), _ => (byte)(bytes[at] ^ 1) };
        }
        Reseal(bytes);
        try
        {
            Traverse(folder.File("any.vhdx", bytes));
        }
        catch (DiskImageException e)
        {
            Assert.EndsWith(".", e.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>Reads all there is, in bounded steps: a field may have made the disk huge.</summary>
    private static void Traverse(string path)
    {
        using VhdxDisk disk = VhdxDisk.Open(path);
        byte[] bytes = new byte[64 << 10];
        for (long at = 0; at < Math.Min(disk.VirtualSizeBytes, 8 * MiB); at += bytes.Length)
        {
            disk.Read(at, bytes.AsSpan(0, (int)Math.Min(bytes.Length, disk.VirtualSizeBytes - at)));
        }
        Assert.True(disk.AllocatedRanges(new ByteRange(0, Math.Min(disk.VirtualSizeBytes, 8 * MiB))).Count() < 100);
    }

    private static string Cut(string message) =>
        message.Replace(", so nothing can be found", string.Empty, StringComparison.Ordinal);

    /// <summary>Makes the checksums right again, so that the field alone is wrong.</summary>
    private static void Reseal(byte[] bytes)
    {
        foreach ((int at, int size) in ((int, int)[])
            [(Header1, 4096), (Header2, 4096), (Region1, 64 << 10), (Region2, 64 << 10)])
        {
            Span<byte> structure = bytes.AsSpan(at, size);
            BinaryPrimitives.WriteUInt32LittleEndian(structure[4..], Crc32C.WithoutField(structure, 4));
        }
    }

    private static byte[] Content()
    {
        byte[] content = new byte[8 * MiB];
        RandomBytes(MiB, 1).CopyTo(content, 0);
        RandomBytes(MiB, 2).CopyTo(content, MiB);
        return content;
    }

    /// <summary>8 MiB in blocks of 1 MiB: the first at 4 MiB of the file, the second at 5 MiB; 6 MiB in all.</summary>
    private byte[] Image()
    {
        string path = folder.File("image.vhdx");
        File.Delete(path);
        Write(path, Options(8 * MiB), (0, RandomBytes(MiB, 1)), (MiB, RandomBytes(MiB, 2)));
        return File.ReadAllBytes(path);
    }
}
