namespace HyperVBackup.Benchmarks.Scenarios.Tools;

/// <summary>borg as Debian has it: no encryption, LZ4, and chunks of 64 KiB at fixed places, which suits disks best.
/// Its files cache is off, as it would pass over a file whose times did not change without reading it.</summary>
internal sealed class BorgTool(Corpus corpus) : IBackupTool
{
    private const string Program = "borg";

    private readonly Dictionary<string, string> environment = [];
    private string folder = "";
    private int archiveCount;

    public string Name => "borg lz4";

    public long StoredBytes => FolderSize.Of(Repository);

    private string Repository => Path.Combine(folder, "repository");

    public void Create(string folder)
    {
        this.folder = folder;
        archiveCount = 0;
        environment["BORG_BASE_DIR"] = Path.Combine(folder, "base");
        environment["BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK"] = "yes";
        Directory.CreateDirectory(environment["BORG_BASE_DIR"]);
        Measure(null, "init", "--encryption", "none", Repository);
    }

    public Measurement? Run(Step step) => step.Kind switch
    {
        StepKind.Backup => Measure(
            corpus.Folder, "create", "--files-cache", "disabled", "--chunker-params", "fixed,65536",
            "--compression", "lz4", $"{Repository}::{step.Disk}-{archiveCount++}",
            Path.GetFileName(corpus.DiskOf(step.Disk))),
        StepKind.Restore => Restore(step),
        StepKind.Verify => Measure(null, "check", "--verify-data", Repository),
        StepKind.Start => Measure(null, "--version"),
        _ => null,
    };

    private Measurement Restore(Step step)
    {
        string target = Path.Combine(folder, "restored");
        Directory.CreateDirectory(target);
        string archive = MeasuredProcess.Run(
            Program, ["list", "--short", "--glob-archives", step.Disk + "-*", Repository], environment).Output.Trim();
        Measurement measured = Measure(target, "extract", $"{Repository}::{archive}").Flushed(folder);
        Directory.Delete(target, recursive: true);
        return measured;
    }

    private Measurement Measure(string? from, params string[] arguments) =>
        MeasuredProcess.Run(Program, arguments, environment, from);
}
