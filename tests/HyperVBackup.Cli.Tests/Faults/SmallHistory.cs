using System.Text.Json;
using HyperVBackup.Storage.Files;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Stores;
using HyperVBackup.Testing.Tools;

namespace HyperVBackup.Cli.Tests.Faults;

/// <summary>A repository with a pruned full, a recovered point and an incremental of one disk, and the lease of a
/// backup that died; a change of the disk waits for its backup. The repository is in memory, all else in a folder.
/// </summary>
internal sealed class SmallHistory : IDisposable
{
    private const int ChunkBytes = 16 << 10;
    private const int RottenBytes = 300;
    private const int DiskBytes = (14 * ChunkBytes) + 512;
    private readonly TestFolder folder = new();
    private readonly RecordingFiles files = new() { Time = TimeProvider.System.GetUtcNow() };
    private readonly Dictionary<string, byte[]> truth = [];
    private readonly byte[] disk = new byte[DiskBytes];
    private (RecordingFiles Files, string State) rotten;
    private int runCount;

    private SmallHistory() => new Random(7).NextBytes(disk.AsSpan(0, DiskBytes - ChunkBytes));

    /// <summary>The disk as it is, with a change that no point has yet.</summary>
    public string Disk => folder.File("disk.raw");

    /// <summary>A ranges file of that change.</summary>
    public string Changes => folder.File("changes");

    /// <summary>Another disk.</summary>
    public string OtherDisk => folder.File("other.raw");

    /// <summary>The disk as it was at the recovered point.</summary>
    public string OlderDisk => folder.File("older.raw");

    /// <summary>The id of the point that was pruned, and of the others in their order.</summary>
    public List<string> Points { get; } = [];

    public string DeadSession { get; private set; } = "";

    public string ChunkPack { get; private set; } = "";

    public byte[] DiskBytesNow => disk;

    public static async Task<SmallHistory> MakeAsync()
    {
        SmallHistory history = new();
        FaultedHost host = new(history.files, history.folder.Folder("state"));
        (await host.RunAsync("init", "--chunk-size", "16KiB")).Json();
        await history.BackupAsync(host, null, "t1");
        history.ChunkPack = history.Stored("packs/").Single();
        history.Change(1, 9, "other", "t2");
        await history.BackupAsync(host, "other", "t2");
        File.Copy(history.Disk, history.OlderDisk);
        history.Change(3, 2, "t2", "t3");
        await history.BackupAsync(host, "t2", "t3");
        (await host.RunAsync("prune", "--keep-last", "2")).Json();
        (await host.RunAsync("pin", history.Points[2])).Json();
        history.Change(6, 3, "t3", "t4");
        File.WriteAllBytes(history.OtherDisk, history.disk[..(2 * ChunkBytes)]);
        await history.DieAsync(host);
        history.rotten = await history.RotAsync();
        return history;
    }

    /// <summary>The repository and the host, as they are, once more.</summary>
    public (RecordingFiles Files, string State) Copy() => CopyOf(files, folder.File("state"));

    /// <summary>The same with a chunk of the recovered point and a second copy of its maps damaged.</summary>
    public (RecordingFiles Files, string State) CopyOfRotten() => CopyOf(rotten.Files, rotten.State);

    /// <summary>An empty place for a repository.</summary>
    public (RecordingFiles Files, string State) Nothing() => (new RecordingFiles { Time = files.Time }, NewFolder());

    public string NewFolder() => folder.Folder($"run-{Interlocked.Increment(ref runCount)}");

    /// <summary>What a point's disk held; the bytes it holds now for a point that was made since.</summary>
    public byte[] BytesOf(string point, string latest) => truth.TryGetValue(point, out byte[]? bytes)
        ? bytes
        : latest.Length > 0 ? truth[latest] : disk;

    public void Dispose() => folder.Dispose();

    private void Change(int chunk, int count, string since, string id)
    {
        Span<byte> bytes = disk.AsSpan(chunk * ChunkBytes, count * ChunkBytes);
        new Random(chunk).NextBytes(bytes);
        WriteDisk(since, id, (chunk * ChunkBytes, count * ChunkBytes));
    }

    private void WriteDisk(string? since, string id, params (long, long)[] ranges)
    {
        File.WriteAllBytes(Disk, disk);
        RangesText.Write(Changes, since, id, ranges);
    }

    private async Task BackupAsync(FaultedHost host, string? since, string id)
    {
        if (since is null)
        {
            WriteDisk(since, id);
        }

        CommandResult result = await host.RunAsync("backup", "--vm", "vm", "--disk", Disk, "--changes", Changes);
        using JsonDocument said = JsonDocument.Parse(result.Output);
        string point = said.RootElement.GetProperty("restorePoint").GetString()!;
        truth.Add(point, [.. disk]);
        Points.Add(point);
    }

    /// <summary>Breaks a backup off amid its packs, as a kill does: it cleans nothing up.</summary>
    private async Task DieAsync(FaultedHost host)
    {
        int publishedCount = 0;
        files.Before = operation =>
        {
            publishedCount += operation.Kind == FileOperationKind.Rename ? 1 : 0;
            if (publishedCount > 1)
            {
                throw new HyperVBackup.Storage.StoreException("Cannot rename: the host is gone.");
            }
        };
        await host.RunAsync("backup", "--vm", "dead", "--disk", OtherDisk);
        files.Before = null;
        DeadSession = Path.GetFileName(Stored("leases/").Single());
    }

    private IEnumerable<string> Stored(string start) => files.FilePaths
        .Select(path => path["/repository/".Length..])
        .Where(name => name.StartsWith(start, StringComparison.Ordinal));

    private async Task<(RecordingFiles Files, string State)> RotAsync()
    {
        (RecordingFiles copy, string state) = Copy();
        foreach (string start in new[] { "packs/", "mirror/maps/" })
        {
            string name = Stored(start).First(path => path.Contains(Points[1], StringComparison.Ordinal));
            using IStoreFile file = copy.TryOpenWrite("/repository/" + name)!;
            file.Write([0x55, 0xAA, 0x55], RottenBytes);
        }

        await new FaultedHost(copy, state).RunAsync("verify", "--read-data");
        return (copy, state);
    }

    private (RecordingFiles Files, string State) CopyOf(RecordingFiles source, string state)
    {
        RecordingFiles copy = source.StateAfter(source.OperationCount);
        copy.Time = source.Time;
        string folderOfCopy = NewFolder();
        foreach (string path in Directory.EnumerateFiles(state, "*", SearchOption.AllDirectories))
        {
            string target = Path.Join(folderOfCopy, Path.GetRelativePath(state, path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(path, target);
        }

        return (copy, folderOfCopy);
    }
}
