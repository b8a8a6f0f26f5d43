using HyperVBackup.Format.Points;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Runs;

/// <summary>What the engine writes is what the pages in repo-format/ say: the reader that was written from them alone
/// agrees.</summary>
public sealed class ReferenceReaderTests : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task The_independent_reader_reads_what_the_engine_wrote()
    {
        string path = folder.File("repository");
        SampleDisk disk = new(folder, "disk", new Mixed(), ImageKind.DynamicVhdx(1), 16L << 20, seed: 3);
        TestRepository repository = await TestRepository.CreateAsync(path);
        RestorePoint full = await repository.BackupAsync("vm", disk.ImagePath, Ranges(null, "a", []));
        var changed = disk.Change(seed: 1);
        await repository.BackupAsync("vm", disk.ImagePath, Ranges("a", "b", changed));
        disk.Overwrite(0, new byte[100_000]);
        RestorePoint recovered = await repository.BackupAsync("vm", disk.ImagePath);
        RestorePoint synthetic = await repository.SynthesizeAsync("vm");

        string list = Read("list", path);
        Assert.All(
            await repository.ListAsync(),
            point => Assert.Contains(point.Id.ToString(), list, StringComparison.Ordinal));
        Read("check", path);
        foreach ((RestorePoint point, int generation) in new[] { (full, 0), (recovered, 2), (synthetic, 2) })
        {
            string output = folder.File($"restored{generation}-{point.Sequence}.raw");
            Read("restore", path, point.Id.ToString(), "disk", output);
            disk.RequireHolds(generation, output, "raw");
        }

        // In a copy, as this process keeps the packs open.
        string copy = folder.File("copy");
        Tool.Run("cp", "-r", path, copy);
        string pack = Directory.EnumerateFiles(Path.Join(copy, "packs"), "*", SearchOption.AllDirectories).First();
        RawImage.Write(pack, 5000, [1, 2, 3, 4, 5, 6, 7, 8]);
        Assert.Throws<ToolException>(() => Read("check", copy));
    }

    /// <summary>A little noise, a little text and many zeros: the reader takes its time.</summary>
    private sealed class Mixed : IFileSystem
    {
        public void Create(string rawPath, long sizeBytes, int seed)
        {
            RawImage.Create(rawPath, sizeBytes);
            NoiseDisk.Write(rawPath, 0, 200_000, seed);
            RawImage.Write(rawPath, sizeBytes / 2, "The same sentence many times. "u8.ToArray());
        }

        public void Change(string rawPath, int seed) => NoiseDisk.Write(rawPath, 3_000_000, 70_000, seed);

        public void RequireSound(string rawPath)
        {
        }

        public void RequireFiles(string rawPath, int seed)
        {
        }
    }

    private static string Read(params string[] arguments)
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Join(root, "HyperVBackup.sln")))
        {
            root = Path.GetDirectoryName(root)!;
        }

        return Tool.Run(
            "python3", ["-B", Path.Join(root, "repo-format", "reference", "read_repository.py"), .. arguments]);
    }

    private string Ranges(string? since, string id, IEnumerable<(long OffsetBytes, long LengthBytes)> ranges)
    {
        string path = folder.File("changes.json");
        RangesText.Write(path, since, id, ranges);
        return path;
    }
}
