using HyperVBackup.Benchmarks.Scenarios.Reports;

namespace HyperVBackup.Benchmarks.Scenarios;

/// <summary>The command <c>scenarios</c>: real disks through this project's program, its roofline, and its peers.
/// </summary>
internal static class ScenarioRun
{
    /// <returns>The exit code: 0 done, 2 wrong usage.</returns>
    /// <exception cref="InvalidOperationException">A program is missing or failed.</exception>
    public static int Run(ReadOnlySpan<string> arguments, TextWriter output)
    {
        ScenarioOptions options;
        try
        {
            options = ScenarioOptions.Parse(arguments);
        }
        catch (ArgumentException complaint)
        {
            Console.Error.WriteLine(complaint.Message);
            return 2;
        }

        if (Directory.Exists(options.WorkFolder) && Directory.EnumerateFileSystemEntries(options.WorkFolder).Any())
        {
            Console.Error.WriteLine($"'{options.WorkFolder}' is not empty; remove it or name another --work.");
            return 2;
        }

        Corpus corpus = new(options.CorpusFolder);
        if (options.Only.Any(part => part != ScenarioOptions.List))
        {
            corpus.Require();
        }

        Directory.CreateDirectory(options.WorkFolder);
        try
        {
            Run(options, corpus, output);
        }
        finally
        {
            Directory.Delete(options.WorkFolder, recursive: true);
        }

        return 0;
    }

    private static void Run(ScenarioOptions options, Corpus corpus, TextWriter output)
    {
        MachineReport.Write(output, TimeProvider.System);
        output.WriteLine($"Medians of {options.RunCount}.");
        output.WriteLine();
        if (options.Only.Contains(ScenarioOptions.Series))
        {
            new SeriesReport(new SeriesScenario(options, corpus).Run(), output).Write();
        }

        if (options.Only.Contains(ScenarioOptions.List))
        {
            new ListScenario(options, output).Run();
        }

        if (options.Only.Contains(ScenarioOptions.Ageing))
        {
            new AgeingScenario(options, corpus, output).Run();
        }
    }
}
