using HyperVBackup.Testing.Images;
using Xunit;
using static HyperVBackup.Disks.Tests.Vhd.VhdFixture;

namespace HyperVBackup.Disks.Tests.Vhd;

/// <summary>Every byte of every structure, turned over and set otherwise.</summary>
public sealed class VhdFuzzTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("dynamic")]
    [InlineData("differencing")]
    [InlineData("fixed")]
    public void Under_a_checksum_any_changed_byte_is_refused_or_made_good_by_the_copy(string kind)
    {
        (byte[] bytes, byte[] content) = Image(kind);
        IEnumerable<int> footer = Enumerable.Range(FooterOf(bytes), 512);
        IEnumerable<int> others = kind == "fixed" ? [] : Enumerable.Range(0, Header + 1024);
        foreach (int at in footer.Concat(others))
        {
            byte value = (byte)(bytes[at] ^ (at % 9 == 8 ? 0xFF : 1 << (at % 9)));
            byte[] read = ReadWith(bytes, at, value) ?? content;
            Assert.True(content.AsSpan().SequenceEqual(read), $"byte {at} as {value} is not noticed");
        }
    }

    [Theory]
    [InlineData("dynamic")]
    [InlineData("differencing")]
    [InlineData("fixed")]
    public void Anything_in_a_structure_whose_checksum_is_right_is_refused_or_read_as_something(string kind)
    {
        (byte[] bytes, _) = Image(kind);
        IEnumerable<int> structures = kind == "fixed"
            ? Enumerable.Range(FooterOf(bytes), 96)
            : [.. Enumerable.Range(0, 96), .. Enumerable.Range(Header, 72), .. Enumerable.Range(Header + 576, 72)];
        int readCount = 0;
        foreach (int at in structures)
        {
            foreach (byte value in (byte[])[0, 1, 0x7F, 0x80, 0xFF, (byte)(bytes[at] ^ 1), (byte)(bytes[at] ^ 2)])
            {
                readCount += ReadWith(bytes, at, value, isResealed: true) is null ? 0 : 1;
            }
        }

        Assert.NotEqual(0, readCount);
    }

    [Theory]
    [InlineData("dynamic")]
    [InlineData("differencing")]
    public void Anything_in_the_table_a_bitmap_or_a_path_is_refused_or_read_as_something(string kind)
    {
        (byte[] bytes, byte[] content) = Image(kind);
        int refusedCount = 0;
        int[] places =
        [
            .. Enumerable.Range(Table, 64), .. Enumerable.Range(FirstBlock, 4), .. Enumerable.Range(Header + 1024, 40),
        ];
        foreach (int at in places)
        {
            for (int value = 0; value < 256; value += at is >= Table and < Table + 12 ? 3 : 51)
            {
                byte[]? read = ReadWith(bytes, at, (byte)value);
                refusedCount += read is null ? 1 : 0;
                Assert.Equal(content.Length, (read ?? content).Length);
            }
        }

        Assert.NotEqual(0, refusedCount);
    }

    private (byte[] Bytes, byte[] Content) Image(string kind)
    {
        byte[] content = new byte[SizeBytes];
        VhdBuilder builder = Builder(content);
        switch (kind)
        {
            case "dynamic":
                return (builder.Build(), content);
            case "fixed":
                return (VhdBuilder.FixedOf(content, Id), content);
            default:
                byte[] parent = new byte[SizeBytes];
                new Random(9).NextBytes(parent.AsSpan(30 * KiB));
                folder.File("base.vhd", VhdBuilder.FixedOf(parent, ParentId));
                byte[] all = [.. parent];
                foreach ((int at, int length) in ((int, int)[])[(8 * KiB, BlockSize), (0, BlockSize), (38_400, 512)])
                {
                    content.AsSpan(at, length).CopyTo(all.AsSpan(at));
                }

                return (builder.On(ParentId, "base.vhd").At("W2ru", @".\base.vhd").Build(), all);
        }
    }

    /// <summary>What an image with one other byte reads as; null if it is refused in a sentence.</summary>
    private byte[]? ReadWith(byte[] bytes, int at, byte value, bool isResealed = false)
    {
        string path = folder.File("changed.avhd");
        byte[] changed = [.. bytes];
        changed[at] = value;
        if (isResealed)
        {
            if (at < 512 && changed[512] == 'c')
            {
                changed.AsSpan(0, 512).CopyTo(changed.AsSpan(FooterOf(changed)));
            }

            Reseal(changed);
        }

        try
        {
            // Written over and not anew, which some file systems take as a wish to have it on disk at once.
            using (FileStream file = new(path, FileMode.OpenOrCreate, FileAccess.Write))
            {
                file.Write(changed);
            }

            return Traverse(path);
        }
        catch (DiskImageException e)
        {
            Assert.EndsWith(".", e.Message, StringComparison.Ordinal);
            return null;
        }
    }
}
