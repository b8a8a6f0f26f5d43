using System.Text.Json;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Runs;

/// <summary>Several processes of one host use one repository at a time.</summary>
public sealed class ManyProcessesTests : IDisposable
{
    private const int ProcessCount = 8;
    private const int DiskBytes = 3 << 20;
    private readonly TestFolder folder = new();
    private readonly Hvbackup hvbackup;

    public ManyProcessesTests()
    {
        hvbackup = new Hvbackup(folder.File("repository"), folder.File("state"));
        hvbackup.Json("init");
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Eight_processes_back_up_at_once_and_every_point_restores()
    {
        // The last two back up the same disk of the same VM.
        string[] vms = [.. Enumerable.Range(0, ProcessCount).Select(at => $"vm{Math.Min(at, ProcessCount - 2)}")];
        foreach (string vm in vms.Distinct())
        {
            NoiseDisk.Create(folder.File(vm + ".img"), DiskBytes, seed: vm[^1]);
        }

        string[] points = await Task.WhenAll(vms.Select(vm => Task.Run(() => hvbackup
            .Json("backup", "--vm", vm, "--disk", folder.File(vm + ".img")).GetProperty("restorePoint").GetString()!)));

        TestRepository repository = await TestRepository.OpenAsync(hvbackup.RepositoryPath);
        List<RestorePoint> listed = await repository.ListAsync();
        Assert.Equal(ProcessCount, listed.Count);
        Assert.Equal(points.ToHashSet(StringComparer.Ordinal), listed.Select(point => point.Id.ToString()).ToHashSet());
        string restored = folder.File("restored.raw");
        foreach (RestorePoint point in listed)
        {
            await repository.RestoreAsync(point.Id, restored, ImageFormat.Raw);
            Assert.Empty(RawImage.Differences(folder.File(point.VmName.Text + ".img"), restored));
        }

        await repository.RequireSoundAsync();
        string leases = Path.Join(hvbackup.RepositoryPath, "leases");
        Assert.Empty(Directory.EnumerateFiles(leases, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_process_beside_another_deduplicates_against_what_was_there()
    {
        string image = folder.File("disk.img");
        NoiseDisk.Create(image, DiskBytes, seed: 1);
        hvbackup.Json("backup", "--vm", "first", "--disk", image);
        TestRepository repository = await TestRepository.OpenAsync(hvbackup.RepositoryPath, hvbackup.StatePath);
        await using WritingSession holdsTheIndex = await repository.Repository.OpenWritingSessionAsync(
            Format.Points.LeaseKind.Backup, default);

        JsonElement said = hvbackup.Json("backup", "--vm", "second", "--disk", image);

        JsonElement disk = said.GetProperty("disks")[0];
        Assert.Equal("full", disk.GetProperty("kind").GetString());
        Assert.Equal(0, disk.GetProperty("chunksNew").GetInt64());
        Assert.Equal(DiskBytes, disk.GetProperty("bytesRead").GetInt64());
    }
}
