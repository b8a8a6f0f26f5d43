using HyperVBackup.Disks;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Kit;
using Xunit;

namespace HyperVBackup.Operations.Tests.Backup.Resume;

/// <summary>Histories of a disk that is written, discarded and resized, of backups that are stopped anywhere, and of
/// notes that are damaged: every point is what the disk held.</summary>
public sealed class ResumeHistoryTests
{
    private const int Chunk = Bench.ChunkSizeBytes;
    private const int StepCount = 14;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public async Task Whatever_happens_the_point_is_what_the_disk_held(int seed)
    {
        Random random = new(seed);
        using ResumeBench bench = await ResumeBench.MakeAsync(null);
        MemoryDisk disk = Content.RandomDisk(random.Next(60, 200) * Chunk, seed);
        disk.Stamp = ResumeBench.Stamp;
        for (int step = 0; step < StepCount; step++)
        {
            if (random.Next(3) == 0)
            {
                disk = Changed(disk, random);
                disk.Stamp = ResumeBench.Stamp with { Text = $"{seed} {step}" };
            }

            if (random.Next(6) == 0)
            {
                Damage(bench.ComparedFolder, random);
            }

            int stopAtRead = random.Next(6) == 0 ? random.Next(4) : int.MaxValue;
            int stopAtBatch = random.Next(3) == 0 ? int.MaxValue : random.Next(5);
            if (await bench.TryAsync(disk, stopAtRead, isDrained: false, stopAtBatch: stopAtBatch) is { } report)
            {
                byte[] restored = await (await bench.OpenAsync()).ReadAsync(report.Point.Id, ResumeBench.DiskName);
                Assert.True(disk.Bytes.AsSpan().SequenceEqual(restored), $"seed {seed}, step {step}");
            }
        }

        Assert.NotNull(await bench.TryAsync(disk));
        Assert.Null(await bench.TryAsync(disk, stopAtBatch: 0));
        Assert.InRange((await bench.TryAsync(disk))!.BytesResumed[0], 1, disk.VirtualSizeBytes + Chunk);
        Assert.Empty((await (await bench.OpenAsync()).VerifyAsync()).Damage);
    }

    private static MemoryDisk Changed(MemoryDisk disk, Random random)
    {
        MemoryDisk changed = random.Next(5) == 0
            ? disk.Resized(Math.Max(Chunk, disk.VirtualSizeBytes + (random.Next(-20, 40) * Chunk / 2)))
            : disk.Snapshot();
        for (int count = random.Next(1, 5); count > 0; count--)
        {
            int at = random.Next(changed.Bytes.Length);
            int length = random.Next(1, Math.Min(changed.Bytes.Length - at, 6 * Chunk) + 1);
            switch (random.Next(4))
            {
                case 0:
                    changed.Write(at, new byte[length]);
                    break;
                case 1:
                    changed.Discard(at, length);
                    break;
                case 2:
                    changed.Write(at, changed.Bytes.AsSpan(0, length));
                    break;
                default:
                    changed.Change(at, length, random.Next());
                    break;
            }
        }

        return changed;
    }

    private static void Damage(string folder, Random random)
    {
        foreach (string path in Directory.Exists(folder)
            ? Directory.GetFiles(folder, "*", SearchOption.AllDirectories) : [])
        {
            byte[] bytes = File.ReadAllBytes(path);
            if (bytes.Length > 0 && random.Next(2) == 0)
            {
                bytes[random.Next(bytes.Length)] ^= (byte)random.Next(1, 256);
            }

            File.WriteAllBytes(path, bytes[..random.Next(bytes.Length / 2, bytes.Length + 1)]);
        }
    }
}
