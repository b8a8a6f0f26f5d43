using System.Runtime.CompilerServices;
using HyperVBackup.Disks;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations;
using HyperVBackup.Repository;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Cli.Tests;

public sealed class EmbeddingTests
{
    private const int BodyIndent = 8;

    [Fact]
    public void The_code_in_the_readme_is_the_sample_that_is_built_here()
    {
        string[] readme = File.ReadAllLines(Path.Combine(TestsFolder(), "..", "..", "README.md"));
        int heading = Array.IndexOf(readme, "## Embed it");
        int start = Array.IndexOf(readme, "```csharp", heading) + 1;
        int end = Array.IndexOf(readme, "```", start);

        string[] sample = File.ReadAllLines(Path.Combine(TestsFolder(), nameof(EmbeddingSample) + ".cs"));
        int body = Array.IndexOf(sample, "    {") + 1;
        IEnumerable<string> lines = sample[body..Array.IndexOf(sample, "    }")]
            .Select(line => line.Length == 0 ? line : line[BodyIndent..]);

        Assert.Equal([.. sample.TakeWhile(line => line.Length > 0), "", .. lines], readme[start..end]);
    }

    [Fact]
    public async Task The_sample_backs_up_a_vhdx_with_its_changes_and_restores_the_newest_point()
    {
        using TestFolder folder = new();
        using HvBackup images = new(folder.Path);
        string vhdx = images.NewVhdx("disk.vhdx");
        string restored = folder.File("restored.vhdx");
        await File.WriteAllTextAsync(folder.File("1.json"), """{"since": null, "id": "t1", "ranges": []}""");
        await File.WriteAllTextAsync(folder.File("2.json"), """{"since": "t1", "id": "t2", "ranges": []}""");

        await EmbeddingSample.RunAsync(folder.File("embedded"), vhdx, folder.File("1.json"), folder.File("first.vhdx"));
        await EmbeddingSample.RunAsync(folder.File("embedded"), vhdx, folder.File("2.json"), restored);

        using FolderStore store = new(folder.File("embedded"));
        BackupRepository repository = await BackupRepository.OpenAsync(store, ThisHost.NewEnvironment());
        List<RestorePoint> points = await repository.ListPointsAsync();
        Assert.Equal([RestorePointKind.Full, RestorePointKind.Incremental], points.Select(point => point.Kind));
        using IDisk original = DiskImage.Open(vhdx);
        using IDisk copy = DiskImage.Open(restored);
        Assert.Equal(Bytes(original), Bytes(copy));
    }

    private static byte[] Bytes(IDisk disk)
    {
        byte[] bytes = new byte[disk.VirtualSizeBytes];
        disk.Read(0, bytes);
        return bytes;
    }

    private static string TestsFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
