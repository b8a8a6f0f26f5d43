using System.Collections.Concurrent;
using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance;

/// <summary>Every byte of every file of a tiny repository is flipped in turn, every file deleted, cut and swapped.
/// </summary>
public sealed class ByteDamageTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_byte_of_every_file_is_checked_and_the_points_it_costs_are_named(bool hasDeltas)
    {
        SampleRepository sample = await TwoPointsAsync(hasDeltas);
        (BlobName File, int At)[] places =
        [
            .. sample.Store.Names.SelectMany(
                name => Enumerable.Range(0, sample.Store[name].Length), (name, at) => (name, at)),
        ];
        ConcurrentQueue<string> failures = new();
        var ranges = Partitioner.Create(0, places.Length, 200).GetDynamicPartitions();
        await Parallel.ForEachAsync(ranges, async (range, _) =>
        {
            MemoryStore store = sample.Store.Copy();
            for (int index = range.Item1; index < range.Item2; index++)
            {
                (BlobName file, int at) = places[index];
                store[file][at] ^= (byte)(1 << (at % 8));
                if (await FaultAsync(sample, store, file, isMissing: false) is string fault)
                {
                    failures.Enqueue($"{file} at {at}: {fault}");
                }

                store[file][at] ^= (byte)(1 << (at % 8));
            }
        });
        Assert.Empty(failures.Take(20));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_file_that_is_missing_cut_lengthened_or_swapped_is_named(bool hasDeltas)
    {
        SampleRepository sample = await TwoPointsAsync(hasDeltas);
        foreach (BlobName file in sample.Store.Names)
        {
            byte[] content = sample.Store[file];
            BlobName other = sample.Store.Names.LastOrDefault(
                name => name != file && name.Path.Split('/')[0] == file.Path.Split('/')[0], file);
            (byte[]? Content, string What)[] damages =
            [
                (null, "missing"),
                (content[..^1], "cut"),
                ([], "empty"),
                ([.. content, 0], "lengthened"),
                (new byte[2 << 20], "zeros, too long"),
                (other == file ? [1] : sample.Store[other], "swapped"),
            ];
            foreach ((byte[]? damaged, string what) in damages)
            {
                MemoryStore store = sample.Store.Copy();
                await store.DeleteAsync(file, default);
                if (damaged is not null)
                {
                    store[file] = damaged;
                }

                string? fault = await FaultAsync(sample, store, file, damaged is null);
                Assert.True(fault is null, $"{file} {what}: {fault}");
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_sound_repository_has_no_damage_whatever_is_looked_at(bool hasDeltas)
    {
        SampleRepository sample = await TwoPointsAsync(hasDeltas);
        foreach (SessionId[] points in (SessionId[][])[[], [.. sample.Disks.Keys], [sample.Disks.Keys.First()]])
        {
            foreach (int percent in (int[])[0, 50, 100])
            {
                VerificationReport report = await VerifyAsync(
                    await SampleRepository.OpenAsync(sample.Store),
                    new VerificationOptions { Points = points, ReadDataPercent = percent });
                Assert.Empty(report.Damage);
                Assert.Equal(points.Length == 0 ? 2 : points.Length, report.PointCount);
            }
        }
    }

    [Fact]
    public async Task Without_reading_data_everything_but_chunk_records_is_checked()
    {
        SampleRepository sample = await TwoPointsAsync();
        BlobName pack = sample.NamesIn("packs/")[0];
        sample.Store[pack][FileHeader.SizeBytes + 80] ^= 1;
        BackupRepository repository = await SampleRepository.OpenAsync(sample.Store);
        Assert.Empty((await VerifyAsync(repository, new VerificationOptions())).Damage);
        VerificationReport read = await VerifyAsync(repository, new VerificationOptions { ReadDataPercent = 100 });
        Assert.Equal(pack.Path, Assert.Single(read.Damage).File);
    }

    internal static Task<VerificationReport> VerifyAsync(BackupRepository repository, VerificationOptions options) =>
        repository.NewVerification(options with { WorkerCount = 1 })
            .RunAsync(new Silence<VerificationProgress>(), default);

    /// <summary>Two points whose disks share chunks: some 10 KB, so that all of it can be damaged byte by byte. With
    /// deltas, the second takes pages from the first's records, and a record of the first serves nobody else.</summary>
    internal static async Task<SampleRepository> TwoPointsAsync(bool hasDeltas = false)
    {
        (SampleRepository sample, DeltaSample deltas) = await DeltaSample.CreateAsync();
        int[] disk = hasDeltas ? [1, 0, 2, 6] : [1, 0, 2];
        RestorePoint first = hasDeltas ? await deltas.BackUpAsync(disk) : await sample.BackUpAsync(disk);
        int[] changed = hasDeltas ? [7, 0, 11, 3] : [4, .. disk[1..]];
        _ = hasDeltas ? await deltas.BackUpAsync(changed, first) : await sample.BackUpAsync(changed, first);
        return sample;
    }

    /// <returns>What verification or reading does wrong about a damaged file; null where all is well.</returns>
    private static async Task<string?> FaultAsync(
        SampleRepository sample, MemoryStore store, BlobName file, bool isMissing)
    {
        BackupRepository repository = await SampleRepository.OpenAsync(store);
        HashSet<SessionId> lost = [];
        foreach ((SessionId id, int[] disk) in sample.Disks)
        {
            if (!await SampleRepository.ReadsRightAsync(repository, id, disk))
            {
                lost.Add(id);
            }
        }

        VerificationReport report =
            await VerifyAsync(repository, new VerificationOptions { ReadDataPercent = 100 });
        HashSet<SessionId> told = [.. report.Damage.SelectMany(damage => damage.Points)];
        bool isPointGone = isMissing && file.Path.StartsWith(FileNames.RestorePointFolder, StringComparison.Ordinal);
        return report.Damage.All(damage => damage.File != file.Path)
            ? $"not reported; reported were {string.Join(", ", report.Damage)}"
            : report.Damage.Any(damage => damage.File != file.Path)
            ? $"reported too much: {string.Join(", ", report.Damage)}"
            : !isPointGone && !told.SetEquals(lost)
            ? $"costs {string.Join(", ", lost)}, reported as {string.Join(", ", report.Damage)}"
            : null;
    }
}
