using HyperVBackup.Disks.Changes;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Kit;
using Xunit;

namespace HyperVBackup.Operations.Tests.Backup.Resume;

/// <summary>Histories of a disk that is written and discarded all the time, of one bitmap that records that as long as
/// it is there, and of backups that are stopped anywhere: every point is what its view showed.</summary>
public sealed class TrackedHistoryTests
{
    private const int Chunk = Bench.ChunkSizeBytes;
    private const int GranuleBytes = 2 * Chunk;
    private const int ChunkCount = 180;
    private const int StepCount = 16;
    private readonly List<(long OffsetBytes, long LengthBytes)> changed = [];
    private MemoryDisk disk = Content.RandomDisk(Chunk, 1);
    private string? bitmap;
    private int bitmapCount;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Whatever_is_written_and_stopped_every_point_is_what_its_view_showed(int seed)
    {
        Random random = new(seed);
        using ResumeBench bench = await ResumeBench.MakeAsync(null);
        disk = Content.RandomDisk((ChunkCount * Chunk) - 512, seed);
        for (int step = 0; step < StepCount; step++)
        {
            for (int count = random.Next(4); count > 0; count--)
            {
                ChangeAnywhere(random);
            }

            bitmap = random.Next(8) == 0 ? null : bitmap; // the hypervisor lost its power
            await TryAsync(bench, random.Next(3) == 0 ? int.MaxValue : random.Next(6), $"seed {seed}, step {step}");
        }

        Assert.NotNull(await TryAsync(bench, int.MaxValue, $"seed {seed}"));
        Assert.Null(await TryAsync(bench, 1, $"seed {seed}"));
        Change(disk.Change(3 * Chunk, Chunk, seed));
        BackupReport last = (await TryAsync(bench, int.MaxValue, $"seed {seed}"))!;
        Assert.InRange(last.BytesResumed[0], 1, disk.VirtualSizeBytes);
        Assert.Empty((await (await bench.OpenAsync()).VerifyAsync()).Damage);
    }

    private async Task<BackupReport?> TryAsync(ResumeBench bench, int stopAtBatch, string where)
    {
        if (bitmap is null)
        {
            changed.Clear();
        }

        string fresh = $"bitmap {++bitmapCount}";
        ViewStamp stamp = new(bitmap ?? fresh, ChangedRanges.Build(changed));
        BackupReport? report =
            await bench.TryAsync(disk, isDrained: false, stopAtBatch: stopAtBatch, stamp: stamp);
        if (report is null)
        {
            bool isNoted = bench.Source!.Steps.Contains("AbandonNoted");
            bitmap ??= isNoted ? fresh : null;
            return null;
        }

        byte[] restored = await (await bench.OpenAsync()).ReadAsync(report.Point.Id, ResumeBench.DiskName);
        Assert.True(disk.Bytes.AsSpan().SequenceEqual(restored), where);
        bitmap = fresh;
        changed.Clear();
        return report;
    }

    private void ChangeAnywhere(Random random)
    {
        int length = random.Next(1, 8 * Chunk);
        int offset = random.Next((int)disk.VirtualSizeBytes - length);
        switch (random.Next(4))
        {
            case 0:
                disk.Discard(offset, length);
                break;
            case 1:
                disk.Write(offset, disk.Bytes.AsSpan(0, length));
                break;
            default:
                disk.Change(offset, length, random.Next());
                break;
        }

        Change((offset - (offset % MemoryDisk.BlockSizeBytes), length + MemoryDisk.BlockSizeBytes));
    }

    /// <summary>The bitmap knows of whole granules only.</summary>
    private void Change((long OffsetBytes, long LengthBytes) range)
    {
        long start = range.OffsetBytes / GranuleBytes * GranuleBytes;
        long end = (range.OffsetBytes + range.LengthBytes + GranuleBytes - 1) / GranuleBytes * GranuleBytes;
        changed.Add((start, Math.Min(end, disk.VirtualSizeBytes) - start));
    }
}
