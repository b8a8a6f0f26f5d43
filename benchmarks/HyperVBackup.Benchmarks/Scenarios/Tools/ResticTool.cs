namespace HyperVBackup.Benchmarks.Scenarios.Tools;

/// <summary>restic as Debian has it, with its defaults: chunks by content, zstd. <c>--force</c> has it read the file
/// also where its times did not change.</summary>
internal sealed class ResticTool(Corpus corpus) : IBackupTool
{
    private const string Program = "restic";

    private readonly Dictionary<string, string> environment = [];
    private string folder = "";

    public string Name => "restic zstd";

    public long StoredBytes => FolderSize.Of(Repository);

    private string Repository => Path.Combine(folder, "repository");

    public void Create(string folder)
    {
        this.folder = folder;
        environment["RESTIC_REPOSITORY"] = Repository;
        environment["RESTIC_PASSWORD"] = "benchmark";
        environment["RESTIC_CACHE_DIR"] = Path.Combine(folder, "cache");
        Measure(null, "init");
    }

    public Measurement? Run(Step step) => step.Kind switch
    {
        StepKind.Backup => Measure(
            corpus.Folder, "backup", "--force", "--tag", step.Disk, Path.GetFileName(corpus.DiskOf(step.Disk))),
        StepKind.Restore => Restore(step),
        StepKind.Verify => Measure(null, "check", "--read-data"),
        StepKind.Start => Measure(null, "version"),
        _ => null,
    };

    private Measurement Restore(Step step)
    {
        string target = Path.Combine(folder, "restored");
        Measurement measured =
            Measure(null, "restore", "latest", "--tag", step.Disk, "--target", target).Flushed(folder);
        Directory.Delete(target, recursive: true);
        return measured;
    }

    private Measurement Measure(string? from, params string[] arguments) =>
        MeasuredProcess.Run(Program, arguments, environment, from);
}
