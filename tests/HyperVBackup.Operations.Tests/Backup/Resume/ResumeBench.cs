using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Repository;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Operations.Tests.Backup.Resume;

/// <summary>A host that backs one disk up, is stopped at a read of it, and tries again, each time as a new process.
/// </summary>
internal sealed class ResumeBench : IDisposable
{
    public const int BatchBytes = 1 << 20;
    public const string DiskName = "disk";

    private readonly TestFolder state = new();
    private int seed = 1;

    private ResumeBench(IBlobStore store) => Store = store;

    public static DiskStamp Stamp { get; } = new("a state", new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public IBlobStore Store { get; set; }

    /// <summary>Bytes read by all tries.</summary>
    public long ReadBytes { get; private set; }

    public int TryCount { get; private set; }

    public string ComparedFolder => Path.Join(state.Path, "compared");

    /// <summary>Of the latest try.</summary>
    public TestSource? Source { get; private set; }

    public Func<RepositoryEnvironment, RepositoryEnvironment> Change { get; set; } = environment => environment;

    /// <param name="first">Backed up as the first point; null for none.</param>
    public static async Task<ResumeBench> MakeAsync(MemoryDisk? first)
    {
        ResumeBench bench = new(new MemoryStore());
        Bench maker = await Bench.MakeAsync(bench.Store, 0);
        if (first is not null)
        {
            await maker.BackupAsync(new DiskRequest(DiskName, new TestSource(first.Snapshot())));
        }

        return bench;
    }

    /// <summary>Another process of the host, in which all others are dead.</summary>
    public Task<Bench> OpenAsync()
    {
        seed++;
        return Bench.OpenAsync(Store, Change(Bench.NewEnvironment(seed) with
        {
            StateFolder = state.Path,
            IsProcessAlive = _ => false,
        }));
    }

    /// <param name="stopAt">The number of the read that is not answered any more.</param>
    /// <param name="stopAtBatch">The number of the batch after which it is stopped, when this is noted.</param>
    /// <param name="isDrained">All that came before is noted by then: each read waits for it, but those of single
    /// chunks. Only for disks that are read batch by batch.</param>
    /// <param name="stamp">What the disk's tracker says; null without one.</param>
    /// <returns>Null where it was stopped.</returns>
    public async Task<BackupReport?> TryAsync(
        MemoryDisk disk, int stopAt = int.MaxValue, Func<BackupRequest, BackupRequest>? change = null,
        bool isDrained = true, int stopAtBatch = int.MaxValue, ViewStamp? stamp = null)
    {
        TryCount++;
        Bench bench = await OpenAsync();
        MemoryDisk opened = disk.Snapshot();
        Noted noted = new(disk.VirtualSizeBytes, stopAtBatch);
        int number = 0;
        long readEndBytes = 0;
        opened.BeforeRead = range =>
        {
            if (isDrained && stopAt < int.MaxValue && range.LengthBytes > Bench.ChunkSizeBytes)
            {
                noted.Wait(readEndBytes);
                readEndBytes = range.EndBytes;
            }

            if (number++ == stopAt)
            {
                throw new StoppedException();
            }
        };
        Source = new TestSource(opened) { Stamp = stamp };
        BackupRequest request = new() { VmName = Bench.Vm, Disks = [new DiskRequest(DiskName, Source)] };
        try
        {
            return await bench.Engine.BackupAsync(change?.Invoke(request) ?? request, noted);
        }
        catch (StoppedException)
        {
            return null;
        }
        finally
        {
            ReadBytes += opened.Reads.Sum(read => read.LengthBytes);
        }
    }

    /// <summary>The disk as a backup that nothing stops makes it of the same bytes.</summary>
    public static async Task<DiskPoint> UnstoppedAsync(MemoryDisk? first, MemoryDisk disk)
    {
        using ResumeBench bench = await MakeAsync(first);
        return (await bench.TryAsync(disk))!.Point.Disks[0];
    }

    public void Dispose() => state.Dispose();

    public static void RequireSame(DiskPoint expected, DiskPoint actual)
    {
        Assert.Equal(expected.Root, actual.Root);
        Assert.Equal(expected.Kind, actual.Kind);
        Assert.Equal(expected.Statistics.BytesChanged, actual.Statistics.BytesChanged);
        Assert.Equal(expected.Statistics.ChunksInherited, actual.Statistics.ChunksInherited);
        Assert.Equal(expected.Statistics.ChunksNonZero, actual.Statistics.ChunksNonZero);
        Assert.Equal(
            expected.Lists.Select(list => (list.Kind, list.EntryCount)),
            actual.Lists.Select(list => (list.Kind, list.EntryCount)));
    }

    public sealed class StoppedException : Exception;

    /// <summary>How far a backup has noted what it found.</summary>
    private sealed class Noted(long sizeBytes, int stopAtBatch) : IProgress<BackupProgress>
    {
        private readonly object gate = new();
        private long notedBytes;
        private int batchCount;

        public void Report(BackupProgress value)
        {
            if (value.Disk == DiskName)
            {
                lock (gate)
                {
                    notedBytes = sizeBytes - value.TotalBytes + value.DoneBytes;
                    Monitor.PulseAll(gate);
                }

                if (batchCount++ == stopAtBatch)
                {
                    throw new StoppedException();
                }
            }
        }

        public void Wait(long untilBytes)
        {
            lock (gate)
            {
                while (notedBytes < untilBytes)
                {
                    Monitor.Wait(gate);
                }
            }
        }
    }
}
