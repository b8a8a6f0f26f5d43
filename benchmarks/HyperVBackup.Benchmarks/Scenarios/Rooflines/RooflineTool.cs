using System.Diagnostics;
using HyperVBackup.Benchmarks.Scenarios.Tools;
using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format;

namespace HyperVBackup.Benchmarks.Scenarios.Rooflines;

/// <summary>
/// What the primitives allow: the same bytes read, searched for zeros, hashed, encoded, decoded and hashed again,
/// written, and flushed once, on as many threads, with no repository around it. What is new is known beforehand, and
/// records go into one file.
/// </summary>
/// <param name="auditedBytes">How much the program read to audit its change source in the same step.</param>
internal sealed class RooflineTool(Corpus corpus, Func<long> auditedBytes) : IBackupTool, IDisposable
{
    private readonly Dictionary<ChunkId, RecordSpan> stored = [];
    private RecordFile? records;
    private string folder = "";

    public string Name => "roofline";

    public long StoredBytes => records?.LengthBytes ?? 0;

    public void Create(string folder)
    {
        Dispose();
        this.folder = folder;
        stored.Clear();
        records = new RecordFile(Path.Combine(folder, "records"));
    }

    public Measurement? Run(Step step) => step.Kind switch
    {
        StepKind.Backup => Backup(step),
        StepKind.Restore => Restore(step),
        StepKind.Verify => Measure(new VerifyRoofline(records!, stored).Run),
        _ => null,
    };

    public void Dispose()
    {
        records?.Dispose();
        records = null;
    }

    private Measurement Backup(Step step)
    {
        using IDisk disk = DiskImage.Open(corpus.DiskOf(step.Disk));
        bool isIncremental = step.IsTracked && step.Disk[^1] != '0';
        ChangedRanges? ranges = isIncremental ? RangesOf(step) : null;
        ScanPlan plan = ScanPlan.Make(disk, ranges, isIncremental ? auditedBytes() : 0, stored.ContainsKey);
        BackupRoofline roofline = new(disk, plan, records!);
        Measurement measured = Measure(roofline.Run);
        roofline.AddTo(stored);
        return measured;
    }

    private Measurement Restore(Step step)
    {
        using IDisk disk = DiskImage.Open(corpus.DiskOf(step.Disk));
        ScanPlan plan = ScanPlan.Make(disk, ranges: null, auditBytes: 0, stored.ContainsKey);
        string path = Path.Combine(folder, "restored");
        RestoreRoofline roofline = new(plan, records!, stored, path, disk.VirtualSizeBytes);
        Measurement measured = Measure(roofline.Run);
        File.Delete(path);
        return measured;
    }

    private static Measurement Measure(Action work)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        work();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new Measurement(seconds) { ProcessorSeconds = (Environment.CpuUsage.TotalTime - before).TotalSeconds };
    }

    private ChangedRanges RangesOf(Step step)
    {
        using FileStream json = File.OpenRead(corpus.RangesOf(step.Disk));
        return RangesFile.Read(json).Changes is DiskChanges.Known known
            ? known.Ranges
            : throw new InvalidOperationException($"{json.Name} is not usable.");
    }
}
