using System.Text.Json;

namespace HyperVBackup.Benchmarks.Scenarios.Tools;

/// <summary>This project's published program, with its default settings.</summary>
internal sealed class HyperVBackupTool(string program, Corpus corpus, string compression) : IBackupTool
{
    private const int ChunkSizeBytes = 64 << 10;

    private readonly Dictionary<string, string> environment = [];
    private string folder = "";
    private long foldedChunks;

    public string Name => $"hvbackup {compression}";

    public long StoredBytes => FolderSize.Of(Repository);

    /// <summary>Bytes that the last backup read to audit its change source.</summary>
    public long AuditedBytes { get; private set; }

    private string Repository => Path.Combine(folder, "repository");

    private string Restored => Path.Combine(folder, "restored.vhdx");

    public void Create(string folder)
    {
        this.folder = folder;
        foldedChunks = 0;
        environment["HVBACKUP_STATE"] = Path.Combine(folder, "state");
        environment["HVBACKUP_REPOSITORY"] = Repository;
        Measure("init", "--compression", compression);
    }

    public Measurement? Run(Step step) => step.Kind switch
    {
        StepKind.Backup => Backup(step),
        StepKind.Restore => Restore(step),
        StepKind.Verify => Measure("verify", "--read-data"),
        StepKind.Synthesize => Measure("synthesize", "--vm", step.Vm) with { UnitCount = foldedChunks },
        StepKind.RebuildIndex => RebuildIndex(),
        StepKind.Start => MeasuredProcess.Run(program, ["--version"], environment),
        _ => null,
    };

    private Measurement Backup(Step step)
    {
        List<string> arguments = ["backup", "--vm", step.Vm, "--disk", $"system={corpus.DiskOf(step.Disk)}"];
        if (step.IsTracked)
        {
            arguments.AddRange(["--changes", corpus.RangesOf(step.Disk)]);
        }

        Measurement measured = Measure([.. arguments]);
        using JsonDocument json = JsonDocument.Parse(measured.Output);
        JsonElement disk = json.RootElement.GetProperty("disks")[0];
        AuditedBytes = disk.GetProperty("bytesAudited").GetInt64();
        if (disk.GetProperty("kind").GetString() == "incremental")
        {
            foldedChunks += disk.GetProperty("bytesChanged").GetInt64() / ChunkSizeBytes;
        }

        return measured;
    }

    private Measurement Restore(Step step)
    {
        Measurement measured = Measure("restore", $"{step.Vm}@latest", "--output", Restored).Flushed(folder);
        MeasuredProcess.Do("qemu-img", "compare", "-q", "-f", "vhdx", "-F", "raw", Restored, corpus.RawOf(step.Disk));
        File.Delete(Restored);
        return measured;
    }

    private Measurement RebuildIndex()
    {
        Measurement measured = Measure("rebuild-index");
        using JsonDocument json = JsonDocument.Parse(measured.Output);
        return measured with { UnitCount = json.RootElement.GetProperty("chunks").GetInt64() };
    }

    private Measurement Measure(params string[] arguments) =>
        MeasuredProcess.Run(program, [.. arguments, "--json"], environment);
}
