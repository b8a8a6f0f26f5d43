using HyperVBackup.Benchmarks.Scenarios.Rooflines;
using HyperVBackup.Benchmarks.Scenarios.Tools;

namespace HyperVBackup.Benchmarks.Scenarios;

/// <summary>All tools go through all steps, one step after another and tool after tool, in repositories of their own
/// on one file system; what they read is in the page cache.</summary>
internal sealed class SeriesScenario(ScenarioOptions options, Corpus corpus)
{
    /// <exception cref="InvalidOperationException">A tool failed.</exception>
    public SeriesResults Run()
    {
        HyperVBackupTool program = new(options.Program, corpus, "lz4");
        using RooflineTool roofline = new(corpus, () => program.AuditedBytes);
        IBackupTool[] tools =
        [
            program, roofline, new HyperVBackupTool(options.Program, corpus, "zstd"), new BorgTool(corpus),
            new ResticTool(corpus),
        ];
        tools = [.. tools.Where(tool => options.Tools is null || options.Tools.Any(NameOf(tool).StartsWith))];
        SeriesResults results = new([.. tools.Select(tool => tool.Name)]);
        for (int run = 0; run < options.RunCount; run++)
        {
            RunOnce(tools, results);
        }

        return results;
    }

    private void RunOnce(IBackupTool[] tools, SeriesResults results)
    {
        foreach (IBackupTool tool in tools)
        {
            string folder = FolderOf(tool);
            Directory.CreateDirectory(folder);
            tool.Create(folder);
        }

        foreach (Step step in Step.All)
        {
            foreach (IBackupTool tool in tools)
            {
                if (Measure(tool, step) is Measurement measured)
                {
                    results.Add(tool.Name, step, measured);
                    Console.Error.WriteLine($"{step.Title}: {tool.Name} {measured.Seconds:F2} s");
                }
            }
        }

        foreach (IBackupTool tool in tools)
        {
            Directory.Delete(FolderOf(tool), recursive: true);
        }
    }

    private Measurement? Measure(IBackupTool tool, Step step)
    {
        if (step.Kind == StepKind.Backup)
        {
            corpus.Warm(step.Disk);
        }

        MeasuredProcess.Flush(options.WorkFolder);
        long beforeBytes = tool.StoredBytes;
        Measurement? measured = tool.Run(step)?.Flushed(options.WorkFolder);
        return measured is null ? null : measured with { GrowthBytes = tool.StoredBytes - beforeBytes };
    }

    private string FolderOf(IBackupTool tool) => Path.Combine(options.WorkFolder, NameOf(tool));

    private static string NameOf(IBackupTool tool) => tool.Name.Replace(' ', '-');
}
