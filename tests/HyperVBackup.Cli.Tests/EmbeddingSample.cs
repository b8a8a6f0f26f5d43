using HyperVBackup.Disks.Changes;
using HyperVBackup.Operations;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Repository;
using HyperVBackup.Storage;

namespace HyperVBackup.Cli.Tests;

/// <summary>The code that README.md shows under "Embed it".</summary>
internal static class EmbeddingSample
{
    internal static async Task RunAsync(string folder, string vhdx, string ranges, string restored)
    {
        RepositoryEnvironment host = ThisHost.NewEnvironment();
        using FolderStore store = new(folder);
        BackupRepository repository = Directory.Exists(folder)
            ? await BackupRepository.OpenAsync(store, host)
            : await BackupRepository.InitializeAsync(store, host);
        BackupEngine engine = new(repository, host);

        DiskRequest disk = new("system", RangesFileSource.Load(ranges, vhdx));
        BackupReport made = await engine.BackupAsync(new BackupRequest { VmName = "web", Disks = [disk] });
        await engine.RestoreAsync(new RestoreRequest { Point = made.Point.Id, OutputPath = restored });
    }
}
