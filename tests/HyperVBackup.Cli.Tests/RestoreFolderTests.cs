using Xunit;

namespace HyperVBackup.Cli.Tests;

public sealed class RestoreFolderTests : IDisposable
{
    private readonly HvBackup hvbackup = new();

    public void Dispose() => hvbackup.Dispose();

    [Fact]
    public async Task Folders_made_for_a_restored_image_are_durable_before_it_is_done()
    {
        await hvbackup.InitAsync();
        (await hvbackup.RunAsync("backup", "--vm", "a", "--disk", hvbackup.NewRaw("d.raw"))).Json();
        string log = hvbackup.PathOf("log");
        string[] folders = [hvbackup.PathOf(""), hvbackup.PathOf("new"), hvbackup.PathOf("new/inner")];
        (await HvBackup.FinishAsync(hvbackup.Start(
            "strace", "-f", "-y", "-qq", "-o", log, "-e", "trace=fsync", HvBackup.Executable, "restore", "a@latest",
            "--output", hvbackup.PathOf("new/inner/d.raw"), "--format", "raw", "--json"))).Json();
        string flushed = await File.ReadAllTextAsync(log);
        Assert.All(folders, folder => Assert.Contains(
            $"<{Path.TrimEndingDirectorySeparator(folder)}>)", flushed, StringComparison.Ordinal));
    }
}
