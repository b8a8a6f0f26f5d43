using System.Text.Json;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Wine;

/// <summary>The main job as Windows does it, on a VHDX with a real file system, judged by other programs outside of
/// Windows.</summary>
public sealed class WindowsJobTests : IDisposable
{
    private const string Vm = "server";
    private const long MiB = 1 << 20;
    private readonly TestFolder folder = new();
    private readonly SampleDisk disk;
    private readonly Hvbackup windows;
    private readonly Hvbackup linux;
    private readonly List<(string Point, int Generation)> made = [];

    public WindowsJobTests()
    {
        disk = new SampleDisk(folder, "disk", new Ntfs(), ImageKind.DynamicVhdx(1), 32 * MiB, seed: 5);
        windows = WinePrefix.NewHvbackup(folder.File("repository"), folder.File("state-windows"));
        linux = new Hvbackup(windows.RepositoryPath, folder.File("state-linux"));
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Windows_does_the_whole_job_and_Linux_goes_on_with_it_and_the_other_way_round()
    {
        windows.Json("init", "--parity", "10");
        Backup(windows, "full", null, "id0", []);
        Backup(windows, "incremental", "id0", "id1", disk.Change(seed: 1));
        Backup(windows, "recovered", "no such id", "id2", disk.Change(seed: 2));
        JsonElement proof = windows.Json("synthesize", "--vm", Vm).GetProperty("disks")[0];
        Assert.Equal("equal", proof.GetProperty("proof").GetString());
        RequireSound(windows);
        RequireRestores(windows);

        Backup(linux, "incremental", "id2", "id3", disk.Change(seed: 3));
        Backup(windows, "incremental", "id3", "id4", disk.Overwrite(0, new byte[MiB]));
        RequireSound(linux);
        RequireRestores(linux);

        windows.Json("prune", "--keep-last", "2");
        JsonElement collected = windows.Json("collect");
        Assert.True(collected.GetProperty("bytesFreed").GetInt64() > 0, collected.ToString());
        made.RemoveRange(0, made.Count - 2);
        RequireSound(windows);
        RequireRestores(windows);
        RequireSound(linux);
        Assert.Empty(Directory.EnumerateFiles(Path.Join(windows.RepositoryPath, "leases")));
        Assert.Empty(Directory.EnumerateFiles(Path.Join(windows.RepositoryPath, ".tmp")));
    }

    [Fact]
    public void The_demonstration_runs_on_Windows()
    {
        ToolResult result = WinePrefix.Try(WinePrefix.HvbackupPath, "demo", "--json");

        Assert.True(result.ExitCode == 0, result.Errors);
    }

    private void Backup(
        Hvbackup host, string kind, string? since, string id,
        IEnumerable<(long OffsetBytes, long LengthBytes)> ranges)
    {
        bool isWindows = host == windows;
        string changes = folder.File("changes.json");
        RangesText.Write(changes, since, id, ranges);
        JsonElement said = host.Json(
            "backup", "--vm", Vm, "--disk", Named(isWindows, disk.ImagePath), "--changes", Named(isWindows, changes));
        Assert.Equal(kind, said.GetProperty("disks")[0].GetProperty("kind").GetString());
        made.Add((said.GetProperty("restorePoint").GetString()!, disk.Generation));
    }

    private static void RequireSound(Hvbackup host)
    {
        JsonElement said = host.Json("verify", "--read-data");
        Assert.Equal(0, said.GetProperty("damage").GetArrayLength());
    }

    /// <summary>All points as both kinds of images.</summary>
    private void RequireRestores(Hvbackup host)
    {
        bool isWindows = host == windows;
        string[] listed = [.. host.Json("list").GetProperty("restorePoints").EnumerateArray()
            .Select(point => point.GetProperty("id").GetString()!)];
        Assert.Subset(listed.ToHashSet(), made.Select(each => each.Point).ToHashSet());
        foreach ((string point, int generation) in made)
        {
            string vhdx = folder.File("restored.vhdx");
            host.Json("restore", point, "--output", Named(isWindows, vhdx), "--force");
            disk.RequireHolds(generation, vhdx, "vhdx");
            QemuImage.RequireSound(vhdx, "vhdx");
        }

        string raw = folder.File("restored.raw");
        host.Json("restore", Vm + "@latest", "--output", Named(isWindows, raw), "--format", "raw", "--force");
        disk.RequireHolds(made[^1].Generation, raw, "raw");
    }

    private static string Named(bool isWindows, string path) => isWindows ? WinePrefix.Named(path) : path;
}
