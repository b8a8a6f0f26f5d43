using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Wine;

/// <summary>Which volume a file is on, as Windows tells it.</summary>
public sealed class WindowsVolumesTests
{
    [Theory]
    [InlineData(@"Z:\tmp\disk.vhdx", @"Z:\")]
    [InlineData(@"c:\windows\a disk that is not there.vhdx", @"c:\")]
    public void A_file_is_on_the_volume_that_its_path_leads_to(string path, string mountPath)
    {
        ToolResult told = WinePrefix.Try(WinePrefix.WindowsProcessPath, "volume", path);

        Assert.Equal((0, ""), (told.ExitCode, told.Errors));
        Assert.Matches(@"Name = \\\\\?\\Volume\{[0-9a-f-]{36}\}\\, ", told.Output);
        Assert.Contains($"MountPath = {mountPath}, IsShared = False", told.Output, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_share_is_no_volume_of_this_host()
    {
        ToolResult told = WinePrefix.Try(WinePrefix.WindowsProcessPath, "volume", @"\\server\share\disk.vhdx");

        Assert.Equal(1, told.ExitCode);
        Assert.Contains("which of this host's volumes", told.Errors, StringComparison.Ordinal);
    }
}
