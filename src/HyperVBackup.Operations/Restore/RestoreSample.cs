using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Operations.Restore;

/// <summary>
/// Restores runs of a point's disks, spread over them and chosen by chance, into a file without a name, through the
/// very stages that a restore uses, and takes the time. The file goes with the process, however that ends. Used once.
/// </summary>
/// <param name="folder">On the disk that a restore would write to; made if it is not there.</param>
/// <param name="sampleBytesMax">Of all disks, which share it evenly.</param>
internal sealed class RestoreSample(
    BackupRepository repository, EngineOptions options, RepositoryEnvironment environment, string folder,
    long sampleBytesMax, IProgress<RestoreProgress> progress)
{
    /// <summary>Of a run, so that reading from a disk gets as far into its stride as a restore does; rounded up to what
    /// a node covers.</summary>
    private const long RunBytesMin = 4L << 20;

    /// <exception cref="RepositoryException">The point is gone, or a chunk or node has no good copy left.</exception>
    /// <exception cref="StoreException">The folder cannot be written.</exception>
    public Task<RestorePrediction> RunAsync(RestorePoint wanted, CancellationToken token) =>
        FencedRerun.RunAsync(_ => RunInSessionAsync(wanted, token));

    private async Task<RestorePrediction> RunInSessionAsync(RestorePoint wanted, CancellationToken token)
    {
        await using ReadingSession session =
            await repository.OpenReadingSessionAsync(LeaseKind.Restore, wanted.Id, token);
        RestorePrediction prediction = default;
        foreach (DiskPoint disk in session.Point.Disks)
        {
            (long sampleBytes, TimeSpan duration) = await RestoreAsync(session, disk, token);
            long totalBytes = disk.Statistics.ChunksNonZero * disk.ChunkSizeBytes;
            prediction = prediction.And(RestorePrediction.Of(sampleBytes, duration, totalBytes));
        }

        return prediction;
    }

    private async Task<(long SampleBytes, TimeSpan Duration)> RestoreAsync(
        ReadingSession session, DiskPoint disk, CancellationToken token)
    {
        DiskMapSampler sampler = new(session.Nodes, disk.Map(), NewPhase());
        long shareBytes = sampleBytesMax / session.Point.Disks.Count;
        MapSample sample = await sampler.ChooseAsync(
            Math.Max(1, RunBytesMin / disk.ChunkSizeBytes), Math.Max(1, shareBytes / disk.ChunkSizeBytes), token);
        using SafeFileHandle file = NamelessFile.Create(folder);
        try
        {
            long start = environment.Clock.GetTimestamp();
            long writtenBytes = await WriteAsync(session, disk, sample, file, token);
            DurableFile.FlushHandle(file, folder);
            return (writtenBytes, environment.Clock.GetElapsedTime(start));
        }
        catch (IOException failure)
        {
            throw new StoreException($"No sample can be restored into '{folder}': {failure.Message}", failure);
        }
    }

    /// <summary>One after another, so that the file needs no more space than the sample, also where files have no
    /// holes.</summary>
    private async Task<long> WriteAsync(
        ReadingSession session, DiskPoint disk, MapSample sample, SafeFileHandle file, CancellationToken token)
    {
        long writtenBytes = 0;
        SteadyFlush flush = new(file);
        MapChunkFeed feed = new(session, disk, sample.Ranges, options);
        await feed.RunAsync(
            (batch, _) =>
            {
                RandomAccess.Write(file, batch.FilledBytes.Span, writtenBytes);
                writtenBytes += batch.FilledBytes.Length;
                flush.Note(writtenBytes);
                progress.Report(new RestoreProgress(
                    disk.Name, (batch.Indexes[batch.Count - 1] + 1) * disk.ChunkSizeBytes, disk.VirtualSizeBytes,
                    writtenBytes));
                return ValueTask.CompletedTask;
            },
            token);
        return writtenBytes;
    }

    /// <summary>Another one each time, or a repeated prediction would find in the page cache what it read before.
    /// </summary>
    private double NewPhase()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        environment.Randomness(bytes);
        return BitConverter.ToUInt16(bytes) / (double)(1 << 16);
    }
}
