using HyperVBackup.Operations.Restore;
using Xunit;

namespace HyperVBackup.Operations.Tests.Restore;

public sealed class WindowsFileNameTests
{
    [Theory]
    [InlineData("disk.vhdx", true)]
    [InlineData(".hidden", true)]
    [InlineData("Bücher Ω.raw", true)]
    [InlineData("null.raw", true)]
    [InlineData("com.raw", true)]
    [InlineData("com10.raw", true)]
    [InlineData("", false)]
    [InlineData("a:b.vhdx", false)]
    [InlineData("what?.vhdx", false)]
    [InlineData("a*b", false)]
    [InlineData("a\"b", false)]
    [InlineData("a|b", false)]
    [InlineData("a<b", false)]
    [InlineData("a\\b", false)]
    [InlineData("a/b", false)]
    [InlineData("a\tb", false)]
    [InlineData("ends.", false)]
    [InlineData("ends ", false)]
    [InlineData("NUL", false)]
    [InlineData("nul.vhdx", false)]
    [InlineData("con .raw", false)]
    [InlineData("Aux.tar.gz", false)]
    [InlineData("COM1.vhdx", false)]
    [InlineData("lpt².raw", false)]
    public void A_name_is_valid_that_a_file_can_have_on_Windows(string name, bool isValid) =>
        Assert.Equal(isValid, WindowsFileName.IsValid(name));
}
