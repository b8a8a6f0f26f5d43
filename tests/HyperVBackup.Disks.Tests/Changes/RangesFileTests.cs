using System.Text;
using HyperVBackup.Disks.Changes;
using Xunit;

namespace HyperVBackup.Disks.Tests.Changes;

public sealed class RangesFileTests
{
    private const string Ranges = """ "ranges":[{"offset":0,"length":1}] """;

    [Theory]
    [InlineData("""{"since":"a","id":"b","ranges":[]}""", "")]
    [InlineData("""{"since":"a","id":"b","ranges":[{"offset":8192,"length":4096}]}""", "8192+4096")]
    [InlineData("""{"ranges":[{"length":4096,"offset":8192}],"id":"b","since":"a"}""", "8192+4096")]
    [InlineData(
        """{"since":"a","id":"b","ranges":[{"offset":9,"length":1},{"offset":2,"length":3},{"offset":4,"length":2}]}""",
        "2+4 9+1")]
    [InlineData("""{"since":"a","id":"b","ranges":[{"offset":5,"length":0},{"offset":1,"length":4}]}""", "1+4")]
    [InlineData("""{"x":[{"since":"q"},[1]],"since":"a","y":null,"id":"b","ranges":[],"z":{"id":[{}]}}""", "")]
    [InlineData("""{"since":"a","id":"b","ranges":[{"w":[1,{"offset":7}],"offset":1,"v":1.5,"length":2}]}""", "1+2")]
    [InlineData("""{"s\u0069nce":"\u0061","id":"b","ranges":[{"off\u0073et":1,"length":2}]}""", "1+2")]
    [InlineData("\uFEFF" + """{"since":"a","id":"b","ranges":[]}""", "")]
    [InlineData("""{"since":"a","id":"b","ranges":[{"offset":9223372036854775806,"length":1}]}""",
        "9223372036854775806+1")]
    public void A_good_file_gives_its_ranges_and_ids(string json, string expected)
    {
        RangesFile file = Read(json);

        Assert.Equal("a", file.Since);
        Assert.Equal("b", file.Id);
        Assert.Equal(expected, TextOf(file));
    }

    /// <summary>The id names the state that is read now, so it holds even if the ranges before it do not.</summary>
    [Theory]
    [InlineData("""{"since":"a","id":"b","ranges":[{"offset":-1,"length":5}]}""", "no disk has")]
    [InlineData("""{"since":"a","id":"b","ranges":[{"offset":1,"length":-5}]}""", "no disk has")]
    [InlineData("""{"since":"a","id":"b","ranges":[{"offset":9223372036854775807,"length":1}]}""", "no disk has")]
    [InlineData("""{"since":"a","id":"b","ranges":[{"offset":9223372036854775808,"length":1}]}""", "whole number")]
    [InlineData("""{"since":"a","id":"b","ranges":[{"offset":1.0,"length":1}]}""", "whole number")]
    [InlineData("""{"since":"a","id":"b","ranges":[{"offset":1,"length":1e3}]}""", "whole number")]
    [InlineData("""{"since":"a","id":"b","ranges":[{"offset":"1","length":1}]}""", "whole number")]
    [InlineData("""{"since":"a","id":"b","ranges":[{"offset":null,"length":1}]}""", "whole number")]
    [InlineData("""{"since":"a","id":"b","ranges":[{"offset":[[1]],"length":1}]}""", "whole number")]
    [InlineData("""{"since":"a","id":"b","ranges":[{"length":1}]}""", "lacks its offset or length")]
    [InlineData("""{"since":"a","id":"b","ranges":[{"offset":1,"length":1},{"offset":1}]}""", "lacks its offset")]
    [InlineData("""{"since":"a","id":"b","ranges":[{"offset":1,"offset":1,"length":1}]}""", "'offset' twice")]
    [InlineData("""{"since":"a","id":"b","ranges":[{"offset":1,"length":1,"length":1}]}""", "'length' twice")]
    [InlineData("""{"since":"a","id":"b","ranges":[[0,1]]}""", "a range in it is no object")]
    [InlineData("""{"since":"a","id":"b","ranges":[{"offset":1,"length":1},null]}""", "a range in it is no object")]
    [InlineData("""{"since":"a","id":"b","ranges":{"offset":1,"length":1}}""", "'ranges' is no list")]
    [InlineData("""{"since":"a","id":"b","ranges":null}""", "'ranges' is no list")]
    [InlineData("""{"since":"a","id":"b"}""", "no 'ranges'")]
    public void Bad_ranges_are_lost_and_the_id_is_kept(string json, string reason)
    {
        RangesFile file = Read(json);

        Assert.Contains(reason, ReasonOf(file), StringComparison.Ordinal);
        Assert.Equal("b", file.Id);
    }

    [Theory]
    [InlineData("", "no JSON")]
    [InlineData("  ", "no JSON")]
    [InlineData("[]", "no object")]
    [InlineData("null", "no object")]
    [InlineData("\"b\"", "no object")]
    [InlineData("""{"since":"a","id":"b","ranges":[]""", "no JSON")]
    [InlineData("""{"since":"a","id":"b","ranges":[]}{}""", "no JSON")]
    [InlineData("""{"since":"a","id":"b","ranges":[],}""", "no JSON")]
    [InlineData("""{"since":"a","id":"b","ranges":[]} // done""", "no JSON")]
    [InlineData("""{"since":"a","id":"b","ranges":[{"offset":01,"length":1}]}""", "no JSON")]
    [InlineData("""{"since":"a","id":"b","ranges":[{"offset":NaN,"length":1}]}""", "no JSON")]
    [InlineData("""{"since":"a","id":"\ud800","ranges":[]}""", "Unicode")]
    [InlineData("""{"since":"a","id":"b","id":"b","ranges":[]}""", "'id' twice")]
    [InlineData("""{"since":"a","since":"a","id":"b","ranges":[]}""", "'since' twice")]
    [InlineData("""{"since":"a","id":"b","ranges":[],"ranges":[]}""", "'ranges' twice")]
    [InlineData("""{"since":"a","ranges":[]}""", "'id' is missing or null")]
    [InlineData("""{"since":"a","id":null,"ranges":[]}""", "'id' is missing or null")]
    [InlineData("""{"since":"a","id":"","ranges":[]}""", "its 'id' is not a text")]
    [InlineData("""{"since":"a","id":7,"ranges":[]}""", "its 'id' is not a text")]
    [InlineData("""{"since":"a","id":["b"],"ranges":[]}""", "its 'id' is not a text")]
    [InlineData("""{"since":"a","id":"b\n","ranges":[]}""", "its 'id' is not a text")]
    [InlineData("""{"since":"a","id":"a","ranges":[{"offset":0,"length":1}]}""", "equals its 'since'")]
    [InlineData("""{"ranges":[{"offset":0,"length":1}],"id":"a","since":"a"}""", "equals its 'since'")]
    [InlineData("""{"since":"a","id":"a","ranges":[{"offset":-1,"length":1}]}""", "no disk has")]
    [InlineData("""{"since":"a","id":"a"}""", "no 'ranges'")]
    public void Nothing_in_a_file_with_a_bad_id_or_text_is_trusted(string json, string reason)
    {
        RangesFile file = Read(json);

        Assert.Contains(reason, ReasonOf(file), StringComparison.Ordinal);
        Assert.Null(file.Id);
    }

    [Theory]
    [InlineData("""{"id":"b",""" + Ranges + "}")]
    [InlineData("""{"since":null,"id":"b",""" + Ranges + "}")]
    [InlineData("""{"since":5,"id":"b",""" + Ranges + "}")]
    [InlineData("""{"since":"","id":"b",""" + Ranges + "}")]
    [InlineData("""{"since":"a\u0000","id":"b",""" + Ranges + "}")]
    public void Without_a_since_nothing_matches_and_the_id_is_kept(string json)
    {
        RangesFile file = Read(json);

        Assert.Contains("'since'", ReasonOf(file), StringComparison.Ordinal);
        Assert.Null(file.Since);
        Assert.Equal("b", file.Id);
    }

    [Fact]
    public void The_same_id_without_ranges_says_that_nothing_changed()
    {
        RangesFile file = Read("""{"since":"a","id":"a","ranges":[]}""");

        Assert.Equal(string.Empty, TextOf(file));
        Assert.Equal("a", file.Id);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(200, true)]
    [InlineData(201, false)]
    public void An_id_has_up_to_200_characters(int length, bool isGood)
    {
        string id = new('x', length);
        RangesFile file = Read("{\"since\":\"a\",\"id\":\"" + id + "\",\"ranges\":[]}");

        Assert.Equal(isGood ? id : null, file.Id);
        Assert.Equal(isGood, file.Changes is DiskChanges.Known);
    }

    [Fact]
    public void Bytes_that_are_not_Unicode_are_lost()
    {
        byte[] json = Encoding.UTF8.GetBytes("""{"since":"a","id":"?","ranges":[]}""");
        json[Array.IndexOf(json, (byte)'?')] = 0xFF;

        Assert.Null(RangesFile.Read(new MemoryStream(json)).Id);
    }

    [Fact]
    public void A_read_error_is_lost()
    {
        using var stream = new PiecewiseStream(Encoding.UTF8.GetBytes("""{"since":"a","""), 3, failsAtEnd: true);

        Assert.Contains("the disk is gone", ReasonOf(RangesFile.Read(stream)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void It_does_not_matter_in_which_pieces_the_text_arrives(int pieceBytes)
    {
        byte[] json = Encoding.UTF8.GetBytes(
            "\uFEFF" + """{"x":{"y":[1,"é"]},"since":"ä","id":"b","ranges":[{"offset":12345,"length":678}]}""");
        using var stream = new PiecewiseStream(json, pieceBytes);
        RangesFile file = RangesFile.Read(stream);

        Assert.Equal("ä", file.Since);
        Assert.Equal("12345+678", TextOf(file));
    }

    [Theory]
    [InlineData((1024 * 1024) - 100, true)]
    [InlineData(1024 * 1024, false)]
    public void A_value_to_ignore_may_be_long_but_not_without_end(int length, bool isGood)
    {
        string padding = new('p', length);
        RangesFile file = Read("{\"x\":\"" + padding + "\",\"since\":\"a\",\"id\":\"b\",\"ranges\":[]}");

        Assert.Equal(isGood, file.Changes is DiskChanges.Known);
    }

    private static RangesFile Read(string json) => RangesFile.Read(new MemoryStream(Encoding.UTF8.GetBytes(json)));

    private static string ReasonOf(RangesFile file) => Assert.IsType<DiskChanges.Lost>(file.Changes).Reason;

    private static string TextOf(RangesFile file)
    {
        ChangedRanges ranges = Assert.IsType<DiskChanges.Known>(file.Changes).Ranges;
        return string.Join(' ', ranges.Ranges.ToArray().Select(r => $"{r.StartBytes}+{r.LengthBytes}"));
    }
}
