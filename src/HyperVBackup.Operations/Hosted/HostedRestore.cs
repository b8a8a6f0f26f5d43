using System.Text;
using HyperVBackup.Format.Points;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Configurations;
using HyperVBackup.Hosts.Imports;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Repository;
using HyperVBackup.Storage;

namespace HyperVBackup.Operations.Hosted;

/// <summary>Restores a machine as a whole, disks and configuration. Not thread-safe.</summary>
public sealed class HostedRestore(BackupRepository repository, BackupEngine engine)
{
    /// <summary>The files of this machine, as an import on it takes them.</summary>
    public static IHostFiles LocalFiles { get; } = new HostFiles(DurableFile.RemoveLeftovers);

    /// <summary>Writes the machine's files and has the host make a machine of them. On any failure, and after a kill
    /// once the same is run again, nothing is left of it; no other machine is touched.</summary>
    /// <param name="host">The host that this runs on.</param>
    /// <exception cref="HostException">The host refuses or fails.</exception>
    /// <exception cref="RepositoryException">The point is not there, damaged, or not of a Hyper-V machine.</exception>
    /// <exception cref="StoreException">A file cannot be written.</exception>
    public async Task<HostedRestoreReport> ImportAsync(
        HostedRestoreRequest request, HostEnvironment host, IProgress<RestoreProgress>? progress = null,
        CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        MachineManifest manifest = await ManifestAsync(request, token);
        ImportOptions options = new()
        {
            Machine = manifest.Machine,
            Owner = HostedBackup.OwnerOf(repository),
            Folder = request.Folder,
            AsOriginal = request.AsOriginal,
            Point = request.Point.ToString()!,
            Name = request.Name,
        };
        IReadOnlyList<string> names = await engine.ListConfigurationAsync(request.Point, token);
        using MachineImport import = MachineImport.Begin(
            options, host, [.. manifest.Disks.Select(disk => FileNameOf(disk.Disk)), .. names]);
        if (import.Finished is ImportedMachine finished)
        {
            return new HostedRestoreReport(finished, [], [], null);
        }

        IReadOnlyList<RestoredDisk> disks = await DisksAsync(request, progress, token);
        IReadOnlyList<RestoredFile> files =
            await engine.RestoreConfigurationAsync(request.Point, request.Folder, token: token);
        ImportedMachine made = import.Register(
            manifest, disks.ToDictionary(disk => disk.Disk, disk => disk.Path));
        return new HostedRestoreReport(made, disks, files, null);
    }

    /// <summary>Writes the machine's files, and a script that registers it on a Hyper-V host.</summary>
    /// <exception cref="RepositoryException">The point is not there, damaged, or not of a Hyper-V machine.</exception>
    /// <exception cref="StoreException">A file cannot be written, or stands there already.</exception>
    public async Task<HostedRestoreReport> WriteAsync(
        HostedRestoreRequest request, IProgress<RestoreProgress>? progress = null, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        MachineManifest manifest = await ManifestAsync(request, token);
        IReadOnlyList<RestoredDisk> disks = await DisksAsync(request, progress, token);
        IReadOnlyList<RestoredFile> files =
            await engine.RestoreConfigurationAsync(request.Point, request.Folder, token: token);
        string script = Path.Combine(request.Folder, RegistrationScript.FileName);
        string text = RegistrationScript.Of(
            manifest, manifest.Disks.ToDictionary(disk => disk.Disk, disk => FileNameOf(disk.Disk)));
        using DurableFile file = DurableFile.Create(script);
        RandomAccess.Write(file.Handle, (byte[])[.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(text)], 0);
        file.Flush();
        return file.TryPublish()
            ? new HostedRestoreReport(null, disks, files, script)
            : throw new StoreException($"'{script}' exists already; name an empty folder.");
    }

    private static string FileNameOf(string disk) => disk + ".vhdx";

    private async Task<MachineManifest> ManifestAsync(HostedRestoreRequest request, CancellationToken token)
    {
        byte[] bytes = await engine.ReadConfigurationAsync(request.Point, MachineManifest.FileName, token)
            ?? throw new RestorePointNotFoundException(
                $"Restore point {request.Point} has no Hyper-V machine's configuration: restore its disks, and attach "
                + "them to a machine by hand.");
        MachineManifest manifest = MachineManifest.Parse(bytes)
            ?? throw new RepositoryDamagedException(
                $"Restore point {request.Point} is damaged: its '{MachineManifest.FileName}' cannot be understood.");
        IReadOnlyList<string> names = await engine.ListConfigurationAsync(request.Point, token);
        if (!names.Contains(manifest.Definition, StringComparer.OrdinalIgnoreCase))
        {
            throw new RepositoryDamagedException(
                $"Restore point {request.Point} is damaged: the file '{manifest.Definition}', which defines its "
                + "machine, is none of its files.");
        }

        RestorePoint? point = (await repository.ListPointsAsync(token)).Find(found => found.Id == request.Point);
        bool isWhole = point is not null && manifest.Disks.Count == point.Disks.Count
            && point.Disks.All(disk => manifest.Disks.Count(known => known.Disk == disk.Name) == 1);
        return isWhole
            ? manifest
            : throw new RepositoryDamagedException(
                $"Restore point {request.Point} is damaged: its configuration attaches other disks than it has.");
    }

    private Task<IReadOnlyList<RestoredDisk>> DisksAsync(
        HostedRestoreRequest request, IProgress<RestoreProgress>? progress, CancellationToken token) =>
        engine.RestoreAsync(
            new RestoreRequest
            {
                Point = request.Point,
                OutputPath = request.Folder,
                IntoFolder = true,
                KeepIdentity = request.AsOriginal,
            },
            progress,
            token);
}
