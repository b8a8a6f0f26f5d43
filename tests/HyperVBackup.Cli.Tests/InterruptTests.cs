using System.Diagnostics;
using Xunit;

namespace HyperVBackup.Cli.Tests;

public sealed class InterruptTests : IDisposable
{
    private const int SizeBytes = 32 << 20;
    private const int MorePacksSizeBytes = 96 << 20;

    /// <summary>An image is read in more pieces than packs are.</summary>
    private const int ImageDelayMilliseconds = 100;

    private const int PackDelayMilliseconds = 400;
    private const long ChunkSizeBytes = 64 << 10;

    private readonly HvBackup hvbackup = new();

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task An_interrupted_backup_leaves_no_lease_no_temporary_file_and_no_point(string signal)
    {
        await hvbackup.InitAsync();
        string disk = hvbackup.NewRaw("d.raw", SizeBytes);
        Process backup = SlowCommand.Start(
            hvbackup, disk, ImageDelayMilliseconds, "backup", "--vm", "a", "--disk", disk, "--json");
        SlowCommand.WaitUntil(backup, () => hvbackup.Stored(".tmp").Any(IsChunkPack));

        CommandResult result = await InterruptAsync(backup, signal);

        Assert.Contains("no restore point was made", result.Failure(), StringComparison.Ordinal);
        await AssertCleanAsync(points: 0);
    }

    [Fact]
    public async Task An_interrupted_restore_leaves_no_image()
    {
        await BackUpAsync();
        string output = hvbackup.PathOf("restored/d.vhdx");
        Process restore = SlowCommand.Start(
            hvbackup, Pack(), PackDelayMilliseconds, "restore", "a@latest", "--output", output);
        SlowCommand.WaitUntil(restore, () => Directory.Exists(hvbackup.PathOf("restored"))
            && Directory.GetFiles(hvbackup.PathOf("restored")).Length == 1 && hvbackup.Stored("leases").Count == 1);

        CommandResult result = await InterruptAsync(restore, "INT");

        Assert.Contains("no unfinished image", result.Failure(), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(hvbackup.PathOf("restored")));
        await AssertCleanAsync(points: 1);
    }

    [Theory]
    [InlineData("INT", "verify", "--read-data")]
    [InlineData("TERM", "synthesize", "--sequential", "--vm", "a")]
    public async Task Any_other_interrupted_command_leaves_the_repository_clean(string signal, params string[] command)
    {
        await BackUpAsync();
        string pack = Pack();
        Process running = SlowCommand.Start(hvbackup, pack, PackDelayMilliseconds, command);
        SlowCommand.WaitUntil(running, () => SlowCommand.HasOpen(running, pack));

        CommandResult result = await InterruptAsync(running, signal);

        Assert.Contains("Interrupted", result.Failure(), StringComparison.Ordinal);
        await AssertCleanAsync(points: 1);
    }

    [Fact]
    public async Task What_a_killed_backup_left_is_cleaned_up_and_found_again_by_the_next_one()
    {
        await hvbackup.InitAsync();
        string disk = hvbackup.NewRaw("d.raw", MorePacksSizeBytes);
        Process backup = SlowCommand.Start(
            hvbackup, disk, ImageDelayMilliseconds, "backup", "--vm", "a", "--disk", disk);
        SlowCommand.WaitUntil(backup, () => hvbackup.Stored("packs").Count == 1);
        SlowCommand.Signal(backup, "KILL");
        await HvBackup.FinishAsync(backup);
        Assert.NotEmpty(hvbackup.Stored("leases"));

        long chunksNew = (await hvbackup.RunAsync("backup", "--vm", "a", "--disk", disk)).Json()
            .GetProperty("disks")[0].GetProperty("chunksNew").GetInt64();

        Assert.InRange(chunksNew, 1, (MorePacksSizeBytes / ChunkSizeBytes) - 500);
        await AssertCleanAsync(points: 1);
    }

    public void Dispose() => hvbackup.Dispose();

    private async Task BackUpAsync()
    {
        await hvbackup.InitAsync();
        (await hvbackup.RunAsync("backup", "--vm", "a", "--disk", hvbackup.NewRaw("d.raw", SizeBytes))).Json();
    }

    private string Pack() => hvbackup.Stored("packs").MaxBy(path => new FileInfo(path).Length)!;

    private static bool IsChunkPack(string path) => Path.GetFileName(path).Contains("packs", StringComparison.Ordinal);

    private static async Task<CommandResult> InterruptAsync(Process process, string signal)
    {
        SlowCommand.Signal(process, signal);
        return await HvBackup.FinishAsync(process);
    }

    private async Task AssertCleanAsync(int points)
    {
        Assert.Empty(hvbackup.Stored("leases"));
        Assert.Empty(hvbackup.Stored(".tmp"));
        Assert.Equal(
            points, (await hvbackup.RunAsync("list")).Json().GetProperty("restorePoints").GetArrayLength());
        (await hvbackup.RunAsync("verify", "--read-data")).Json();
    }
}
