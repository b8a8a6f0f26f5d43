using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Testing.Stores;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Operations.Tests.Restore;

/// <summary>What is said of how a restore reads is how it reads.</summary>
public sealed class FragmentationTests : IDisposable
{
    private const int Chunk = Bench.ChunkSizeBytes;
    private const int Page = 4096;
    private const int BatchChunks = (1 << 20) / Chunk;

    private readonly MemoryStore store = new();
    private readonly TestFolder folder = new();

    [Fact]
    public async Task Scattered_changes_cost_reads_until_the_disk_is_stored_in_order_again()
    {
        MemoryDisk disk = Content.RandomDisk(8 * BatchChunks * Chunk, 1);
        Bench bench = await Bench.MakeAsync(store, 1);
        await bench.TrackAsync(disk.Snapshot(), null, "t0", (0, disk.Bytes.Length));
        Fragmentation fresh = await MeasureAsync(bench, isExact: true);
        Assert.Equal(1, fresh.ReadsPerMiB);
        Assert.Equal(1, fresh.RecordsPerChunk);

        await AgeAsync(bench, disk, changedChunks: 40, runs: 5);
        Fragmentation aged = await MeasureAsync(bench, isExact: true);
        Assert.InRange(aged.ReadsPerMiB, 4, 40);
        Assert.InRange(aged.RecordsPerChunk, 1.3, 3);

        await bench.SynthesizeAsync(sequential: true);
        Fragmentation rewritten = await MeasureAsync(bench, isExact: true);
        Assert.Equal(1, rewritten.ReadsPerMiB);
        Assert.Equal(1, rewritten.RecordsPerChunk);
    }

    [Fact]
    public async Task Of_a_large_disk_a_sample_is_looked_at_whose_figures_are_near_the_true_ones()
    {
        MemoryDisk disk = new(160L << 20);
        for (int chunk = 0; chunk < disk.Bytes.Length / Chunk; chunk++)
        {
            disk.Write((long)chunk * Chunk, Content.Random(Page, chunk));
            disk.Write(((long)chunk * Chunk) + (6 * Page), Content.Random(2 * Page, -1 - chunk));
        }

        Bench bench = await Bench.MakeAsync(store, 1);
        await bench.TrackAsync(disk.Snapshot(), null, "t0", (0, disk.Bytes.Length));
        await AgeAsync(bench, disk, changedChunks: 300, runs: 4);
        Fragmentation found = await MeasureAsync(bench, isExact: false);
        Assert.InRange(found.ReadsPerMiB, 2, 40);
    }

    [Fact]
    public async Task What_cannot_be_known_is_no_error_and_a_disk_of_zeros_is_nothing()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        await bench.TrackAsync(new MemoryDisk(40 * Chunk), null, "t0");
        Fragmentation found = await MeasureAsync(bench, isExact: true);
        Assert.Equal((0, 0), (found.ReadsPerMiB, found.RecordsPerChunk));
    }

    public void Dispose() => folder.Dispose();

    /// <summary>Changes a page here and there, run after run.</summary>
    private static async Task AgeAsync(Bench bench, MemoryDisk disk, int changedChunks, int runs)
    {
        Random random = new(7);
        for (int run = 1; run <= runs; run++)
        {
            List<(long, long)> ranges = [];
            foreach (int chunk in Enumerable.Range(0, disk.Bytes.Length / Chunk)
                .OrderBy(_ => random.Next()).Take(changedChunks).Order())
            {
                ranges.Add(disk.Change((chunk * Chunk) + (random.Next(Chunk / Page) * Page), Page, random.Next()));
            }

            await bench.TrackAsync(disk.Snapshot(), $"t{run - 1}", $"t{run}", [.. ranges]);
        }
    }

    /// <summary>Measures the newest point, and holds it against a restore of it.</summary>
    private async Task<Fragmentation> MeasureAsync(Bench bench, bool isExact)
    {
        RestorePoint point = (await bench.PointsAsync())[^1];
        Fragmentation found = await bench.Engine.MeasureFragmentationAsync(point);
        Assert.Equal(isExact, found.IsExact);
        int readCount = 0;
        store.Before = call =>
        {
            if (call.Kind == StoreCallKind.Read && call.Name.StartsWith("packs/", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref readCount);
            }
        };
        RestoreRequest request = new()
        {
            Point = point.Id,
            OutputPath = Path.Join(folder.Path, "restored.raw"),
            Format = ImageFormat.Raw,
            Force = true,
        };
        RestoredDisk restored = (await bench.RestoreAsync(request))[0];
        store.Before = null;
        Assert.Equal(restored.BytesWritten, found.RestoredBytes);
        Assert.Equal(restored.Read.ChunkCount, found.ChunkCount);
        double tolerance = isExact ? 0 : 0.1;
        Assert.InRange(found.ReadCount, readCount * (1 - tolerance), readCount * (1 + tolerance));
        Assert.InRange(
            found.RecordCount, restored.Read.RecordCount * (1 - tolerance),
            restored.Read.RecordCount * (1 + tolerance));
        return found;
    }
}
