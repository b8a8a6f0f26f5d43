using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Points;
using Xunit;

namespace HyperVBackup.Format.Tests;

public static class NameTests
{
    [Theory]
    [InlineData("lz4", Codec.Lz4, 0)]
    [InlineData("none", Codec.None, 0)]
    [InlineData("zstd:1", Codec.Zstd, 1)]
    [InlineData("zstd:19", Codec.Zstd, 19)]
    public static void A_compression_reads_back_as_it_is_written(string text, Codec codec, int level)
    {
        Assert.True(Compression.TryParse(text, out Compression compression));
        Assert.Equal(new Compression(codec, level), compression);
        Assert.Equal(text, compression.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("LZ4")]
    [InlineData("lz4:1")]
    [InlineData("zstd:")]
    [InlineData("zstd:0")]
    [InlineData("zstd:20")]
    [InlineData("zstd:-1")]
    [InlineData("zstd: 1")]
    public static void What_is_no_compression_is_refused(string? text) =>
        Assert.False(Compression.TryParse(text, out _));

    [Theory]
    [InlineData("")]
    [InlineData("a@b")]
    [InlineData("a/b")]
    [InlineData("a\nb")]
    [InlineData("a\u0085b")]
    [InlineData(null)]
    public static void What_is_no_name_of_a_machine_is_refused(string? text) => Assert.False(VmName.IsValid(text));

    [Fact]
    public static void Names_of_machines_compare_without_case_and_keep_it()
    {
        Assert.Equal(new VmName("Web-Ä"), new VmName("wEB-ä"));
        Assert.Equal(new VmName("Web").GetHashCode(), new VmName("wEB").GetHashCode());
        Assert.Equal("Web", new VmName("Web").ToString());
        Assert.False(VmName.IsValid(new string('x', 201)));
        Assert.True(VmName.IsValid(new string('x', 200)));
        Assert.False(VmName.IsValid("half a pair \ud800"));
        Assert.Throws<ArgumentException>(() => new VmName("a@b"));
    }

    [Theory]
    [InlineData("name:vm", true)]
    [InlineData("0f8fad5b-d9cb-469f-a165-70867728950e", true)]
    [InlineData("0F8FAD5B-D9CB-469F-A165-70867728950E", false)]
    [InlineData("{0f8fad5b-d9cb-469f-a165-70867728950e}", false)]
    [InlineData("name:", false)]
    [InlineData("vm", false)]
    [InlineData(null, false)]
    public static void An_identity_is_a_guid_or_a_name(string? text, bool isIdentity) =>
        Assert.Equal(isIdentity, VmName.IsIdentity(text));

    [Theory]
    [InlineData("disk 1", true)]
    [InlineData("a@b", true)]
    [InlineData("..", false)]
    [InlineData(".", false)]
    [InlineData("a/b", false)]
    [InlineData("a\\b", false)]
    [InlineData("", false)]
    public static void A_disk_name_can_stand_as_a_file_name(string text, bool isName) =>
        Assert.Equal(isName, DiskName.IsValid(text));

    [Fact]
    public static void A_pins_name_tells_whose_it_is()
    {
        Sample sample = new(3);
        SessionId id = sample.Session();
        foreach (SessionId point in (SessionId[])[sample.Session(), default])
        {
            string name = FileNames.Pin(point, id);
            Assert.True(FileNames.TryParsePin(name, out SessionId whose, out SessionId read));
            Assert.Equal((point, id), (whose, read));
            Assert.False(FileNames.TryParsePin(name + "a", out _, out _));
            Assert.False(FileNames.TryParsePin(name[..^1], out _, out _));
            Assert.False(FileNames.TryParsePin("x" + name, out _, out _));
        }

        Assert.False(FileNames.TryParsePin($"pins/{default(SessionId)}-{id}", out _, out _));
        Assert.False(FileNames.TryParsePin($"pins/-{id}", out _, out _));
        Assert.False(FileNames.TryParsePin($"pins/{id}", out _, out _));
        Assert.False(FileNames.TryParsePin("pins/", out _, out _));
    }
}
