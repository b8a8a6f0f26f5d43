using System.Globalization;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Restore;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Failures;

/// <summary>The real process is killed just before one of its system calls, at many of them.</summary>
public sealed class KilledBackupTests : IDisposable
{
    private const int MiB = 1 << 20;
    private const int KillCountMin = 40;
    private const int AttemptCountMax = 60;
    private const int KilledBySignal = 128 + 9;
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_kill_at_any_step_leaves_every_point_whole_and_the_next_backup_good()
    {
        int[] kills = await Task.WhenAll(
            Task.Run(() => KillAsync("one", [.. Steps("pwrite64", 8), .. Steps("unlink,unlinkat", 1)])),
            Task.Run(() => KillAsync("two", [.. Steps("fsync,fdatasync", 5), .. Steps("renameat2,rename", 4)])));
        Assert.True(kills.Sum() >= KillCountMin, $"only {kills.Sum()} backups were killed");
    }

    private static IEnumerable<(string Call, int When)> Steps(string call, int count) =>
        Enumerable.Range(1, count).Select(when => (call, when));

    /// <summary>strace counts the calls of each thread by itself, so the same step hits another place each time, or
    /// none.</summary>
    private async Task<int> KillAsync(string name, (string Call, int When)[] steps)
    {
        string image = folder.File(name + ".img");
        NoiseDisk.Create(image, 4 * MiB, seed: name.Length);
        Hvbackup hvbackup = new(folder.File(name + ".repository"), folder.File(name + ".state"));
        hvbackup.Json("init");
        int killCount = 0;
        int pointCount = 0;
        for (int attempt = 0; attempt < AttemptCountMax && killCount < KillCountMin / 2; attempt++)
        {
            (string call, int when) = steps[attempt % steps.Length];
            NoiseDisk.Write(image, (attempt % 8) * 300_000, 200_000, seed: attempt);
            string inject = string.Create(CultureInfo.InvariantCulture, $"inject={call}:signal=KILL:when={when}");
            ToolResult result = hvbackup.TryTraced(
                ["-o", "/dev/null", "-e", $"trace={call}", "-e", inject], "backup", "--vm", name, "--disk", image);
            Assert.True(result.ExitCode is 0 or KilledBySignal, result.Errors);
            killCount += result.ExitCode == 0 ? 0 : 1;
            pointCount = await RequireGoodAsync(hvbackup, name, image, pointCount, isPublished: result.ExitCode == 0);
        }

        return killCount;
    }

    /// <returns>How many points there are now.</returns>
    private async Task<int> RequireGoodAsync(
        Hvbackup hvbackup, string name, string image, int countBefore, bool isPublished)
    {
        TestRepository repository = await TestRepository.OpenAsync(hvbackup.RepositoryPath, hvbackup.StatePath);
        int count = (await repository.ListAsync()).Count;
        Assert.InRange(count, countBefore + (isPublished ? 1 : 0), countBefore + 1);
        await repository.RequireWholePointsAsync();
        RestorePoint next = await repository.BackupAsync(name, image);
        string restored = folder.File(name + ".restored");
        await repository.RestoreAsync(next.Id, restored, ImageFormat.Raw);
        Assert.Empty(RawImage.Differences(image, restored));
        await repository.RequireSoundAsync();
        Assert.Empty(Left(hvbackup.RepositoryPath, "leases"));
        // A lease that was just being put may belong to a process that is only starting, so it stays.
        Assert.DoesNotContain(
            Left(hvbackup.RepositoryPath, ".tmp"),
            path => !Path.GetFileName(path).StartsWith("leases", StringComparison.Ordinal));
        return count + 1;
    }

    private static IEnumerable<string> Left(string repositoryPath, string within)
    {
        string path = Path.Join(repositoryPath, within);
        return Directory.Exists(path) ? Directory.EnumerateFileSystemEntries(path) : [];
    }
}
