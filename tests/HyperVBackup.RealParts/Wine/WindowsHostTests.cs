using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Wine;

/// <summary>What the Windows build says of hosts where there is no Hyper-V, and Windows' management interface not
/// whole.</summary>
public sealed class WindowsHostTests : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Where_WMI_cannot_be_used_that_is_said_in_a_sentence()
    {
        Hvbackup windows = WinePrefix.NewHvbackup(folder.File("repository"), folder.File("state"));

        ToolResult said = windows.Try("host", "list");

        Assert.Equal(1, said.ExitCode);
        Assert.StartsWith("hvbackup: Windows' management interface (WMI) cannot be used", said.Errors);
        Assert.Single(said.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void The_demonstration_on_a_simulated_host_runs_on_Windows()
    {
        ToolResult result = WinePrefix.Try(WinePrefix.HvbackupPath, "demo", "--host", "--json");

        Assert.True(result.ExitCode == 0, result.Errors);
    }
}
