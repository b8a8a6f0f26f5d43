using HyperVBackup.Disks;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Operations.Tests.Backup.Resume;

/// <summary>Nothing of an interrupted comparison is believed where anything could be another now.</summary>
public sealed class ResumeDoubtTests
{
    private const int Chunk = Bench.ChunkSizeBytes;
    private const int Batch = ResumeBench.BatchBytes;
    private const int SizeBytes = 4 * Batch;

    private readonly MemoryDisk first = Content.RandomDisk(SizeBytes, 1, "identity");
    private readonly MemoryDisk disk;

    public ResumeDoubtTests()
    {
        disk = first.Snapshot();
        disk.Stamp = ResumeBench.Stamp;
        disk.Change(3 * Chunk, Chunk, 2);
    }

    public static TheoryData<string, string?> Doubts => new()
    {
        { "another state", "the disk may have changed since" },
        { "a state that cannot be told", "the disk may have changed since" },
        { "changed just now", "the disk may have changed since" },
        { "changed in the future", "the disk may have changed since" },
        { "larger", "of another disk, size or repository" },
        { "smaller", "of another disk, size or repository" },
        { "another identity", "of another disk, size or repository" },
        { "another point since", "it compared with another restore point" },
        { "a full", "it compared with another restore point" },
        { "another name", null },
        { "another VM", null },
        { "another repository", null },
    };

    [Theory]
    [MemberData(nameof(Doubts))]
    public async Task It_begins_again_and_says_why(string doubt, string? said)
    {
        using ResumeBench bench = await ResumeBench.MakeAsync(first);
        Assert.Null(await bench.TryAsync(disk, stopAt: 3));
        MemoryDisk now = disk.Snapshot();
        now.Change((2 * Chunk) + 1, 1, 7); // within what was compared
        now = doubt switch
        {
            "another state" => With(now, new DiskStamp("another", ResumeBench.Stamp.ChangedAt)),
            "a state that cannot be told" => With(now, null),
            "changed just now" => With(now, ResumeBench.Stamp with { ChangedAt = Now.AddMilliseconds(-900) }),
            "changed in the future" => With(now, ResumeBench.Stamp with { ChangedAt = Now.AddDays(1) }),
            "larger" => now.Resized(SizeBytes + Batch),
            "smaller" => now.Resized(SizeBytes - Batch),
            "another identity" => now.Resized(SizeBytes, "other"),
            _ => now,
        };
        if (doubt == "another point since")
        {
            await (await Bench.ReopenAsync(bench.Store, 90)).BackupAsync(
                new DiskRequest("disk", new TestSource(first.Snapshot())));
        }

        if (doubt == "another repository")
        {
            bench.Store = new MemoryStore();
            await Bench.MakeAsync(bench.Store, 91);
        }

        BackupReport report = (await bench.TryAsync(now, change: request => doubt switch
        {
            "a full" => request with { Full = true },
            "another name" => request with { Disks = [new DiskRequest("other", request.Disks[0].Source)] },
            "another VM" => request with { VmName = "other" },
            _ => request,
        }))!;

        Assert.Equal(0, report.BytesResumed[0]);
        Assert.Equal((await ResumeBench.UnstoppedAsync(null, now)).Root, report.Point.Disks[0].Root);
        Assert.Equal(now.Bytes, await (await bench.OpenAsync()).ReadAsync(report.Point.Id, report.Point.Disks[0].Name));
        if (said is null)
        {
            Assert.DoesNotContain(report.Warnings, IsOfInterruption);
        }
        else
        {
            Assert.Contains(
                report.Warnings, warning => warning.Contains(said, StringComparison.Ordinal)
                    && warning.EndsWith("it begins again.", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task What_was_noted_of_an_older_state_is_of_no_use_to_the_next_one_that_is_interrupted()
    {
        using ResumeBench bench = await ResumeBench.MakeAsync(first);
        Assert.Null(await bench.TryAsync(disk, stopAt: 3));
        MemoryDisk now = With(disk.Snapshot(), new DiskStamp("another", ResumeBench.Stamp.ChangedAt));
        now.Change(90 * Chunk, 1, 7);
        Assert.Null(await bench.TryAsync(now, stopAt: 1));
        BackupReport report = (await bench.TryAsync(now))!;

        Assert.Equal(Batch, report.BytesResumed[0] + Chunk);
        Assert.Equal((await ResumeBench.UnstoppedAsync(null, now)).Root, report.Point.Disks[0].Root);
    }

    [Fact]
    public async Task Whatever_stands_in_the_file_the_point_is_the_same()
    {
        MemoryDisk whole = With(first.Snapshot(), ResumeBench.Stamp);
        using ResumeBench bench = await ResumeBench.MakeAsync(first);
        Assert.Null(await bench.TryAsync(whole, stopAt: 3));
        string path = Directory.GetFiles(bench.ComparedFolder, "*", SearchOption.AllDirectories).Single();
        byte[] noted = File.ReadAllBytes(path);
        foreach (int at in new[] { 0, 20, 60, 100, 110, 125, 140, 160, noted.Length - 1 })
        {
            byte[] damaged = [.. noted];
            damaged[at] ^= 4;
            File.WriteAllBytes(path, damaged);
            BackupReport report = (await bench.TryAsync(whole))!;

            Assert.Equal((await ResumeBench.UnstoppedAsync(null, whole)).Root, report.Point.Disks[0].Root);
            Assert.InRange(report.BytesResumed[0], 0, 2 * Batch);
            Assert.Contains(report.Warnings, warning => warning.Contains(
                "of an interrupted backup not all is believed", StringComparison.Ordinal));
            Assert.Null(await bench.TryAsync(whole, stopAt: 3));
            noted = File.ReadAllBytes(path); // the parent is another one now
        }
    }

    [Fact]
    public async Task A_log_that_another_process_has_or_that_cannot_be_written_costs_nothing_but_time()
    {
        using ResumeBench bench = await ResumeBench.MakeAsync(first);
        Assert.Null(await bench.TryAsync(disk, stopAt: 3));
        string path = Directory.GetFiles(bench.ComparedFolder, "*", SearchOption.AllDirectories).Single();
        using (new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            BackupReport report = (await bench.TryAsync(disk))!;
            Assert.Equal(0, report.BytesResumed[0]);
        }

        Directory.Delete(bench.ComparedFolder, recursive: true);
        await File.WriteAllTextAsync(bench.ComparedFolder, "no folder");
        Assert.Null(await bench.TryAsync(disk, stopAt: 3));
        Assert.Equal(0, (await bench.TryAsync(disk))!.BytesResumed[0]);
    }

    private static DateTimeOffset Now => Bench.NewEnvironment(0).Clock.GetUtcNow();

    private static MemoryDisk With(MemoryDisk disk, DiskStamp? stamp)
    {
        disk.Stamp = stamp;
        return disk;
    }

    private static bool IsOfInterruption(string warning) => warning.Contains("interrupted", StringComparison.Ordinal);
}
