using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Backup.Resume;
using HyperVBackup.Operations.Tests.Kit;
using Xunit;

namespace HyperVBackup.Operations.Tests.Backup;

/// <summary>A backup with a limit reads its disk no faster at any time, whatever it reads it for.</summary>
public sealed class LimitedBackupTests
{
    private const int Rate = 1 << 20;
    private const int PieceBytes = ResumeBench.BatchBytes;
    private const int SizeBytes = 4 * PieceBytes;

    private readonly LeapingClock clock = new();

    [Fact]
    public async Task No_disk_is_read_faster_than_the_limit()
    {
        MemoryDisk first = Content.RandomDisk(SizeBytes, 1);
        using ResumeBench bench = await ResumeBench.MakeAsync(first);
        bench.Change = environment => environment with { Clock = clock };
        MemoryDisk disk = first.Snapshot();
        disk.Change(0, PieceBytes, 2);
        disk.Stamp = ResumeBench.Stamp;
        Assert.Null(await bench.TryAsync(disk, stopAt: 3, Limited));
        MemoryDisk again = disk.Snapshot();
        long readBytes = 0;
        TimeSpan start = clock.Elapsed;
        again.BeforeRead = range =>
        {
            Assert.InRange(Interlocked.Read(ref readBytes), 0, (clock.Elapsed - start).TotalSeconds * Rate);
            Interlocked.Add(ref readBytes, range.LengthBytes);
        };
        Bench host = await bench.OpenAsync();
        DiskRequest source = new(ResumeBench.DiskName, new TestSource(again));
        BackupReport report = await host.BackupAsync(
            Limited(new BackupRequest { VmName = Bench.Vm, Disks = [source] }));

        Assert.Equal(2 * PieceBytes, report.BytesResumed[0]); // one of three was new, and is read again
        Assert.Equal(2 * PieceBytes, readBytes);
        Assert.InRange((clock.Elapsed - start).TotalSeconds, (double)PieceBytes / Rate, double.MaxValue);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public async Task A_limit_that_lets_nothing_through_is_refused(long bytesPerSecondMax)
    {
        MemoryDisk disk = Content.RandomDisk(SizeBytes, 1);
        using ResumeBench bench = await ResumeBench.MakeAsync(disk);
        Bench host = await bench.OpenAsync();
        DiskRequest source = new(ResumeBench.DiskName, new TestSource(disk));
        BackupRequest request = new()
        {
            VmName = Bench.Vm, Disks = [source], ReadBytesPerSecondMax = bytesPerSecondMax,
        };
        await Assert.ThrowsAsync<ArgumentException>(() => host.BackupAsync(request));
    }

    private static BackupRequest Limited(BackupRequest request) => request with { ReadBytesPerSecondMax = Rate };

    /// <summary>Time passes only where somebody waits for a piece to be read, and then at once.</summary>
    private sealed class LeapingClock : TimeProvider
    {
        private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds((double)SizeBytes / Rate);
        private long ticks;

        public TimeSpan Elapsed => new(Interlocked.Read(ref ticks));

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref ticks);

        public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero) + Elapsed;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime > TimeSpan.Zero && dueTime <= WaitMax && period == Timeout.InfiniteTimeSpan)
            {
                Interlocked.Add(ref ticks, dueTime.Ticks);
                ThreadPool.QueueUserWorkItem(_ => callback(state));
            }

            return new Fired();
        }

        private sealed class Fired : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
