using HyperVBackup.Disks;
using HyperVBackup.Disks.Raw;
using HyperVBackup.Disks.Vhdx;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;

namespace HyperVBackup.Operations.Restore;

/// <summary>Restores disks of one point: each is written under a temporary name, flushed, and only then given its
/// own. Used once.</summary>
internal sealed class RestoreOperation(
    BackupRepository repository, RestoreRequest request, EngineOptions options, RandomFill randomness,
    IProgress<RestoreProgress> progress)
{
    private readonly List<RestoredDisk> restored = [];

    /// <summary>Where a collector gives the session up, what is not restored yet is restored in another one, once.
    /// </summary>
    public Task<IReadOnlyList<RestoredDisk>> RunAsync(CancellationToken token) =>
        FencedRerun.RunAsync(_ => RunInSessionAsync(token));

    private async Task<IReadOnlyList<RestoredDisk>> RunInSessionAsync(CancellationToken token)
    {
        await using ReadingSession session =
            await repository.OpenReadingSessionAsync(LeaseKind.Restore, request.Point, token);
        List<DiskPoint> disks = Choose(session.Point);
        List<(DiskPoint Disk, string Path)> targets = [.. disks.Select(disk => (disk, PathOf(disk, disks.Count)))];
        targets.RemoveAll(target => restored.Exists(done => done.Disk == target.Disk.Name));
        if ((disks.Count > 1 || request.IntoFolder) && File.Exists(request.OutputPath))
        {
            throw new StoreException(
                $"'{request.OutputPath}' is a file; several disks are restored into a folder, "
                + "or one with --disk NAME.");
        }

        targets.ForEach(target => Check(target.Path));
        disks.ForEach(disk => CheckRoot(session.Point, disk));
        foreach ((DiskPoint disk, string path) in targets)
        {
            restored.Add(await RestoreAsync(session, disk, path, token));
        }

        return restored;
    }

    /// <summary>The chunks are held against the map; this holds the map against what the point promised.</summary>
    private void CheckRoot(RestorePoint point, DiskPoint disk)
    {
        if (!disk.IsRootOf(repository.Hasher))
        {
            throw new RepositoryDamagedException(
                $"Restore point {point.Id} is damaged: the root of its disk '{disk.Name}' does not fit its map.");
        }
    }

    private void Check(string path)
    {
        if (Directory.Exists(path) || Path.EndsInDirectorySeparator(path))
        {
            throw new StoreException($"'{path}' is a folder; name the image file to write in it.");
        }

        if (!request.Force && Path.Exists(path))
        {
            throw new StoreException($"'{path}' exists already; --force replaces it.");
        }
    }

    private List<DiskPoint> Choose(RestorePoint point)
    {
        if (request.Disk is null)
        {
            return [.. point.Disks];
        }

        DiskPoint? chosen = point.Disks.FirstOrDefault(disk =>
            string.Equals(disk.Name, request.Disk, StringComparison.OrdinalIgnoreCase));
        return chosen is not null
            ? [chosen]
            : throw new RestorePointNotFoundException(
                $"Restore point {point.Id} has no disk '{request.Disk}'; "
                + $"it has {string.Join(", ", point.Disks.Select(disk => disk.Name))}.");
    }

    private string PathOf(DiskPoint disk, int count) => count == 1 && !request.IntoFolder
        ? request.OutputPath
        : Path.Combine(request.OutputPath, FileNameOf(disk));

    private string FileNameOf(DiskPoint disk)
    {
        string name = disk.Name + (request.Format == ImageFormat.Raw ? ".raw" : ".vhdx");
        return !OperatingSystem.IsWindows() || WindowsFileName.IsValid(name)
            ? name
            : throw new StoreException(
                $"No file can be called '{name}' on Windows; restore this disk alone, into a file, with --disk.");
    }

    private async Task<RestoredDisk> RestoreAsync(
        ReadingSession session, DiskPoint disk, string path, CancellationToken token)
    {
        DurableFile.MakeFolderOf(path);
        using DurableFile file = DurableFile.Create(path);
        long writtenBytes;
        RecordsRead before = session.RecordsRead;
        try
        {
            using IDiskWriter image = NewImage(file, disk);
            DiskRestore restore = new(disk, image, progress);
            SteadyFlush flush = new(file.Handle);
            await new MapChunkFeed(session, disk, options).RunAsync(
                (batch, _) =>
                {
                    restore.Take(batch);
                    flush.Note(restore.WrittenBytes);
                    return ValueTask.CompletedTask;
                },
                token);
            image.Complete();
            writtenBytes = restore.WrittenBytes;
        }
        catch (IOException failure)
        {
            throw StoreException.Of(failure, "write to", path);
        }

        file.Flush();
        DurableFile.ForgetFlushed(file.Handle);
        Publish(file, path);
        RecordsRead read = session.RecordsRead.Since(before);
        return new RestoredDisk(disk.Name, path, disk.VirtualSizeBytes, writtenBytes, disk.Root, read);
    }

    private void Publish(DurableFile file, string path)
    {
        if (request.Force)
        {
            file.PublishReplacing();
        }
        else if (!file.TryPublish())
        {
            throw new StoreException($"'{path}' exists already; --force replaces it.");
        }
    }

    private IDiskWriter NewImage(DurableFile file, DiskPoint disk)
    {
        if (request.Format == ImageFormat.Raw)
        {
            return new RawWriter(file.Handle, disk.VirtualSizeBytes);
        }

        return new VhdxWriter(file.Handle, new VhdxWriterOptions
        {
            VirtualSizeBytes = RoundUp(disk.VirtualSizeBytes, disk.LogicalSectorSizeBytes),
            LogicalSectorSizeBytes = disk.LogicalSectorSizeBytes,
            PhysicalSectorSizeBytes = disk.PhysicalSectorSizeBytes,
            IsFixed = request.Format == ImageFormat.VhdxFixed,
            DiskId = request.KeepIdentity && Guid.TryParse(disk.Identity, out Guid id) ? id : NewGuid(),
            FillRandom = bytes => randomness(bytes),
        });
    }

    /// <summary>A raw disk may end inside a sector; a VHDX cannot, so its last sector is filled with zeros.</summary>
    private static long RoundUp(long sizeBytes, int sectorBytes) =>
        (sizeBytes + sectorBytes - 1) / sectorBytes * sectorBytes;

    private Guid NewGuid()
    {
        Span<byte> bytes = stackalloc byte[16];
        randomness(bytes);
        return new Guid(bytes);
    }
}
