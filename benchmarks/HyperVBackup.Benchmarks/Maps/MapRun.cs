using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using HyperVBackup.Benchmarks.Scenarios;
using HyperVBackup.Benchmarks.Scenarios.Reports;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations;
using HyperVBackup.Operations.Synthesize;
using HyperVBackup.Repository;
using HyperVBackup.Storage;

namespace HyperVBackup.Benchmarks.Maps;

/// <summary>
/// What synthetic fulls cost, and what incrementals take in nodes and lists, on a large disk with a map but no data.
/// The files are in the page cache when the time is taken.
/// </summary>
internal sealed class MapRun
{
    private readonly MapOptions options;
    private readonly TextWriter output;
    private readonly FolderStore store;
    private readonly string folder;

    private MapRun(MapOptions options, string folder, FolderStore store, TextWriter output)
    {
        (this.options, this.folder, this.store, this.output) = (options, folder, store, output);
    }

    public static async Task<int> RunAsync(string[] arguments, TextWriter output)
    {
        MapOptions options = MapOptions.Parse(arguments);
        string folder = Path.Combine(Path.GetFullPath(options.WorkFolder), "repository");
        MachineReport.Write(output, TimeProvider.System);
        try
        {
            using FolderStore store = new(folder);
            await new MapRun(options, folder, store, output).RunAsync();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return 0;
    }

    private async Task RunAsync()
    {
        RepositoryEnvironment environment = new()
        {
            Clock = TimeProvider.System,
            Randomness = RandomNumberGenerator.Fill,
        };
        BackupRepository repository = await BackupRepository.InitializeAsync(store, environment);
        MapHistory history = new(repository, (long)options.DiskGiB << 30, new Random(1));
        RestorePoint full = await history.AddFullAsync("full");
        MarkdownTable sizes = new("incrementals", "chunks changed", "bytes in all", "bytes a chunk");
        MarkdownTable times = new(
            "", "entries in lists", "wall s", "processors s", "processors ns an entry", "peak memory MiB");
        BackupEngine engine = new(repository, environment);
        foreach (ChangePattern pattern in (ChangePattern[])
            [ChangePattern.Clustered, ChangePattern.Scattered, ChangePattern.Sparse])
        {
            RestorePoint twin = await history.AddTwinAsync(pattern.Name.Replace(' ', '-'), full);
            long bytesBefore = FolderSize.Of(folder);
            RestorePoint newest = await history.AddIncrementalsAsync(twin, pattern, options.ListCount);
            long entryCount = history.ChunkCount * pattern.PerMille / 1000 * options.ListCount;
            long bytes = FolderSize.Of(folder) - bytesBefore;
            sizes.Add(
                $"{options.ListCount}, {pattern.Name}", Number(entryCount), Number(bytes),
                ((double)bytes / entryCount).ToString("F0", CultureInfo.InvariantCulture));
            await MeasureAsync(engine, newest, pattern, entryCount, times);
        }

        output.WriteLine($"### Synthetic full of {options.DiskGiB} GiB over {options.ListCount} incrementals");
        output.WriteLine();
        times.WriteTo(output);
        output.WriteLine("### Nodes, lists and points, both copies");
        output.WriteLine();
        sizes.WriteTo(output);
        WriteFanOuts(history.ChunkCount);
    }

    private async Task MeasureAsync(
        BackupEngine engine, RestorePoint newest, ChangePattern pattern, long entryCount, MarkdownTable times)
    {
        List<(double Wall, double Processors)> runs = [];
        for (int run = 0; run < options.RunCount; run++)
        {
            // A state by its id, so that the synthetic fulls of earlier runs are not what is folded over.
            SynthesizeRequest request = new() { Vm = newest.VmName.Text, At = newest.Id.ToString() };
            TimeSpan processorsBefore = Environment.CpuUsage.TotalTime;
            long start = Stopwatch.GetTimestamp();
            await engine.SynthesizeAsync(request);
            runs.Add((
                Stopwatch.GetElapsedTime(start).TotalSeconds,
                (Environment.CpuUsage.TotalTime - processorsBefore).TotalSeconds));
        }

        double wall = SeriesResults.MedianOf(runs.Select(run => run.Wall));
        double processors = SeriesResults.MedianOf(runs.Select(run => run.Processors));
        times.Add(
            pattern.Name, Number(entryCount), Range(wall, runs.Select(run => run.Wall)),
            Range(processors, runs.Select(run => run.Processors)),
            (processors * 1e9 / entryCount).ToString("F0", CultureInfo.InvariantCulture),
            Number(Process.GetCurrentProcess().PeakWorkingSet64 >> 20));
    }

    /// <summary>What the nodes of the last of many incrementals would take with other fan-outs.</summary>
    private void WriteFanOuts(long chunkCount)
    {
        int[] fanOuts = [8, 16, 32, 64];
        output.WriteLine("### Bytes of nodes a changed chunk, both copies, computed for other fan-outs");
        output.WriteLine();
        MarkdownTable table = new(["", .. fanOuts.Select(fanOut => fanOut.ToString(CultureInfo.InvariantCulture))]);
        foreach (ChangePattern pattern in (ChangePattern[])[ChangePattern.Clustered, ChangePattern.Sparse])
        {
            Random random = new(1);
            List<long>[] changes =
                [.. Enumerable.Range(0, options.ListCount).Select(_ => pattern.Choose(random, chunkCount))];
            table.Add([pattern.Name, .. fanOuts.Select(fanOut => PerChunk(fanOut, chunkCount, changes))]);
        }

        table.WriteTo(output);
    }

    private static string PerChunk(int fanOut, long chunkCount, List<long>[] changes)
    {
        MetadataModel model = new(fanOut, chunkCount);
        double bytes = changes.Sum(model.Add);
        return (bytes / changes.Sum(changed => changed.Count)).ToString("F0", CultureInfo.InvariantCulture);
    }

    private static string Range(double median, IEnumerable<double> values) => string.Create(
        CultureInfo.InvariantCulture, $"{median:F2} ({values.Min():F2} to {values.Max():F2})");

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
