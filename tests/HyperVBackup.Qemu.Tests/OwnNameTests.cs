using Xunit;

namespace HyperVBackup.Qemu.Tests;

public sealed class OwnNameTests
{
    [Fact]
    public void A_name_reads_back_and_fits_a_block_node()
    {
        OwnName name = new(4194304, "0123abcd", StartsServer: true, OwnName.Scratch, 999);
        Assert.Equal("hvb-4194304-0123abcds-o999", name.ToString());
        Assert.Equal(name, OwnName.Parse(name.ToString()));
        Assert.InRange(name.ToString().Length, 1, 31);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("d0")]
    [InlineData("hvb-1-0123abcdx-o0")]
    [InlineData("hvb-1-0123abcds-o")]
    [InlineData("hvb-99999999999-0123abcds-o0")]
    [InlineData("x-hvb-1-0123abcds-o0")]
    public void Names_of_others_are_left_alone(string? name) => Assert.Null(OwnName.Parse(name));
}
