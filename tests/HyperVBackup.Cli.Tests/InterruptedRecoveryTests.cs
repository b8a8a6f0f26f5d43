using System.Diagnostics;
using System.Text.Json;
using HyperVBackup.Testing.Tools;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace HyperVBackup.Cli.Tests;

/// <summary>A real recovery is stopped in its middle, and run again.</summary>
public sealed class InterruptedRecoveryTests : IDisposable
{
    private const int SizeBytes = 12 << 20;
    private const int DelayMilliseconds = 100;
    private const int ChunkSizeBytes = 64 << 10;

    /// <summary>The file's start, and what it takes to note a MiB.</summary>
    private const int NotedBytesMin = 120 + (5 * 37);

    private const int NotedDiskBytesMin = 4 << 20;

    private readonly HvBackup hvbackup = new();

    [Fact]
    public async Task Run_again_it_reads_the_rest_only_unless_the_image_was_written()
    {
        string disk = await BackUpAndChangeAsync();
        await StopAsync(disk, "KILL");
        JsonElement resumed = await BackUpAsync(disk);
        long bytesResumed = resumed.GetProperty("bytesResumed").GetInt64();
        Assert.InRange(bytesResumed, NotedDiskBytesMin - ChunkSizeBytes, SizeBytes - ChunkSizeBytes);
        Assert.Equal(SizeBytes, bytesResumed + resumed.GetProperty("bytesRead").GetInt64());
        Assert.Equal(ChunkSizeBytes, resumed.GetProperty("bytesChanged").GetInt64());
        await RequireSameAsync(disk);

        await StopAsync(disk, "INT");
        Write(disk, 2 << 20);
        JsonElement begun = await BackUpAsync(disk);
        Assert.False(begun.TryGetProperty("bytesResumed", out _));
        Assert.Equal(SizeBytes, begun.GetProperty("bytesRead").GetInt64());
        await RequireSameAsync(disk);
    }

    public void Dispose() => hvbackup.Dispose();

    private async Task<string> BackUpAndChangeAsync()
    {
        await hvbackup.InitAsync();
        string disk = hvbackup.NewRaw("d.raw", SizeBytes);
        await BackUpAsync(disk);
        Write(disk, 1 << 20);
        return disk;
    }

    private async Task StopAsync(string disk, string signal)
    {
        Tool.Run("sleep", "2"); // an image that has just been written is not believed to stay as it is
        Process backup = SlowCommand.Start(
            hvbackup, disk, DelayMilliseconds, "backup", "--vm", "a", "--disk", disk);
        SlowCommand.WaitUntil(backup, HasNotedEnough);
        SlowCommand.Signal(backup, signal);
        await HvBackup.FinishAsync(backup);
    }

    private bool HasNotedEnough()
    {
        string folder = hvbackup.PathOf("state/compared");
        return Directory.Exists(folder)
            && Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
                .Any(path => new FileInfo(path).Length >= NotedBytesMin);
    }

    private async Task<JsonElement> BackUpAsync(string disk)
    {
        CommandResult result = await hvbackup.RunAsync("backup", "--vm", "a", "--disk", disk);
        Assert.Equal(0, result.ExitCode);
        return JsonDocument.Parse(result.Output).RootElement.GetProperty("disks")[0];
    }

    private async Task RequireSameAsync(string disk)
    {
        string restored = hvbackup.PathOf("restored.raw");
        (await hvbackup.RunAsync("restore", "a@latest", "--output", restored, "--format", "raw", "--force")).Json();
        Assert.True(File.ReadAllBytes(disk).AsSpan().SequenceEqual(File.ReadAllBytes(restored)));
    }

    private static void Write(string disk, long at)
    {
        using SafeFileHandle file = File.OpenHandle(disk, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        RandomAccess.Write(file, "changed"u8, at);
    }
}
