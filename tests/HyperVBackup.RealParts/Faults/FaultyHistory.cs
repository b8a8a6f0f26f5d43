using System.Security.Cryptography;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;

namespace HyperVBackup.RealParts.Faults;

/// <summary>A small repository with a pruned full, a recovered point and an incremental of one disk, made by the real
/// program; a change of the disk waits for its backup. Read by all tests, changed by none.</summary>
public sealed class FaultyHistory : IDisposable
{
    private const int DiskBytes = 1 << 20;
    private const int NoiseBytes = DiskBytes - 70_000;
    private readonly TestFolder folder = new();
    private readonly Dictionary<string, string> truth = [];
    private readonly Hvbackup hvbackup;

    public FaultyHistory()
    {
        hvbackup = new Hvbackup(RepositoryPath, StatePath);
        hvbackup.Json("init", "--chunk-size", "16KiB");
        RawImage.Create(Disk, DiskBytes);
        Change(null, "t1", 0, NoiseBytes);
        Backup();
        Change("other", "t2", 100_000, 300_000);
        Backup();
        File.Copy(Disk, OlderDisk);
        Change("t2", "t3", 500_000, 100_000);
        Backup();
        hvbackup.Json("prune", "--keep-last", "2");
        Change("t3", "t4", 700_000, 150_000);
        NoiseDisk.Create(OtherDisk, 100_000, seed: 99);
    }

    internal string RepositoryPath => folder.File("repository");

    internal string StatePath => folder.File("state");

    /// <summary>The disk as it is, with a change that no point has yet.</summary>
    internal string Disk => folder.File("disk.img");

    /// <summary>A ranges file of that change.</summary>
    internal string Changes => folder.File("changes.json");

    /// <summary>The disk as it was at the recovered point.</summary>
    internal string OlderDisk => folder.File("older.img");

    /// <summary>Another disk.</summary>
    internal string OtherDisk => folder.File("other.img");

    /// <summary>The id of the point that was pruned, and of the others in their order.</summary>
    internal List<string> Points { get; } = [];

    public void Dispose() => folder.Dispose();

    /// <summary>The sum of what the disk held at one of <see cref="Points"/>.</summary>
    internal string SumOf(string point) => truth[point];

    internal static string SumOfFile(string path) => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)));

    private void Change(string? since, string id, int offsetBytes, int lengthBytes)
    {
        NoiseDisk.Write(Disk, offsetBytes, lengthBytes, seed: offsetBytes + 1);
        RangesText.Write(Changes, since, id, [(offsetBytes, lengthBytes)]);
    }

    private void Backup()
    {
        string point = hvbackup.Json("backup", "--vm", "vm", "--disk", Disk, "--changes", Changes)
            .GetProperty("restorePoint").GetString()!;
        Points.Add(point);
        truth.Add(point, SumOfFile(Disk));
    }
}
