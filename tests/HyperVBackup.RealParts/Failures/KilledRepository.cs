using System.Diagnostics;
using System.Security.Cryptography;
using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Restore;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Failures;

/// <summary>A small repository of one disk on real files, whose processes are killed, and what each of its points must
/// restore to.</summary>
internal sealed class KilledRepository
{
    private const string Vm = "vm";
    private const int MiB = 1 << 20;
    private const int DiskBytes = 3 * MiB;
    private const int TidyEach = 10;
    private const int KilledBySignal = 128 + 9;

    private readonly TestFolder folder;
    private readonly string image;
    private readonly Hvbackup hvbackup;
    private readonly Dictionary<SessionId, string> truth = [];
    private TestRepository repository = null!;
    private int changeCount;
    private int runCount;

    private KilledRepository(TestFolder folder)
    {
        this.folder = folder;
        image = folder.File("disk.img");
        hvbackup = new Hvbackup(folder.File("repository"), folder.File("state"));
        Verbs =
        [
            new("backup", "backup", "--vm", Vm, "--disk", image) { ReadsDisk = true },
            new("prune", "prune", "--keep-last", "2") { Prunes = true },
            new("collect", "collect"),
            new("synthesize", "synthesize", "--vm", Vm),
            new("synthesize --sequential", "synthesize", "--vm", Vm, "--sequential"),
            new("rebuild-index", "rebuild-index"),
            new("restore", "restore", Vm + "@latest", "-o", RestoredPath, "--format", "raw", "--force"),
            new("verify", "verify", "--read-data"),
            new("protect", "protect", "--parity", "10"),
            new("repair", "repair"),
        ];
    }

    public IReadOnlyList<KilledVerb> Verbs { get; }

    private string RestoredPath => folder.File("restored.raw");

    public static async Task<KilledRepository> MakeAsync(TestFolder folder)
    {
        KilledRepository made = new(folder);
        NoiseDisk.Create(made.image, DiskBytes, seed: 1);
        made.hvbackup.Json("init");
        made.repository = await TestRepository.OpenAsync(made.hvbackup.RepositoryPath, made.hvbackup.StatePath);
        await made.BackupAsync();
        await made.BackupAsync();
        return made;
    }

    /// <summary>Runs a command and kills it, and holds against the truth what is left.</summary>
    /// <param name="milliseconds">When it is killed; null at a call.</param>
    /// <param name="inject">For strace: at which call.</param>
    /// <returns>Whether it was killed before it ended.</returns>
    public async Task<bool> KillAsync(KilledVerb verb, int? milliseconds, params string[] inject)
    {
        if (verb.ReadsDisk)
        {
            Change();
        }

        HashSet<SessionId> before = await ShownAsync();
        (int exitCode, string errors) = milliseconds is int moment ? RunTimed(verb, moment) : RunTraced(verb, inject);
        Assert.True(exitCode is 0 or KilledBySignal, $"exit code {exitCode}: {errors}");
        await RequireGoodAsync(verb, before);
        await TidyAsync();
        return exitCode != 0;
    }

    private (int ExitCode, string Errors) RunTraced(KilledVerb verb, string[] inject)
    {
        ToolResult result = hvbackup.TryTraced(["-o", "/dev/null", .. inject], verb.Arguments);
        return (result.ExitCode, result.Errors);
    }

    /// <summary>Waits for the end of what it killed: a process that only dies still counts as alive.</summary>
    private (int ExitCode, string Errors) RunTimed(KilledVerb verb, int milliseconds)
    {
        using Process process = hvbackup.Start(verb.Arguments);
        if (!process.WaitForExit(milliseconds))
        {
            process.Kill();
        }

        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, errors);
    }

    private async Task RequireGoodAsync(KilledVerb verb, HashSet<SessionId> before)
    {
        string now = SumOf(image);
        HashSet<SessionId> shown = await ShownAsync();
        Assert.True(verb.Prunes || before.IsSubsetOf(shown), "a point is gone");
        foreach (SessionId point in shown)
        {
            // What nobody was told of is of the disk as it is: it changes before backups only.
            truth.TryAdd(point, now);
            await RequireRestoredAsync(point);
        }

        await repository.RequireWholePointsAsync();
        await BackupAsync();
        await repository.RequireSoundAsync();
        RequireClean();
    }

    /// <summary>Now and then old points go for good, by runs that end.</summary>
    private async Task TidyAsync()
    {
        if (++runCount % TidyEach == 0)
        {
            hvbackup.Json("prune", "--keep-last", "2");
            hvbackup.Json("collect");
            Assert.Equal(2, (await repository.ListAsync()).Count);
            await repository.RequireSoundAsync();
        }
    }

    private void RequireClean()
    {
        Assert.Empty(Left("leases"));
        Assert.DoesNotContain(Left(".tmp"), path => Path.GetFileName(path).StartsWith("packs", StringComparison.Ordinal)
            || Path.GetFileName(path).StartsWith("maps", StringComparison.Ordinal)
            || Path.GetFileName(path).StartsWith("points", StringComparison.Ordinal));
        if (File.Exists(RestoredPath))
        {
            Assert.Contains(SumOf(RestoredPath), truth.Values);
            File.Delete(RestoredPath);
        }
    }

    private async Task BackupAsync()
    {
        Change();
        RestorePoint point = await repository.BackupAsync(Vm, image);
        truth[point.Id] = SumOf(image);
        await RequireRestoredAsync(point.Id);
    }

    private async Task RequireRestoredAsync(SessionId point)
    {
        string path = folder.File("point.raw");
        await repository.RestoreAsync(point, path, ImageFormat.Raw);
        Assert.Equal(truth[point], SumOf(path));
    }

    private void Change()
    {
        changeCount++;
        NoiseDisk.Write(image, changeCount % 9 * 300_000, 150_000, seed: changeCount);
    }

    private async Task<HashSet<SessionId>> ShownAsync() =>
        [.. (await repository.Repository.ListShownPointsAsync()).Select(point => point.Id)];

    private IEnumerable<string> Left(string within)
    {
        string path = Path.Join(hvbackup.RepositoryPath, within);
        return Directory.Exists(path) ? Directory.EnumerateFileSystemEntries(path) : [];
    }

    private static string SumOf(string path) => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)));
}
