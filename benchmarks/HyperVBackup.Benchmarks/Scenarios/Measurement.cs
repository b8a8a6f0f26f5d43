namespace HyperVBackup.Benchmarks.Scenarios;

/// <summary>What one step cost one tool in one run.</summary>
/// <param name="Seconds">Wall time until the program ended.</param>
internal sealed record Measurement(double Seconds)
{
    /// <summary>Time of processors in all, in user and kernel mode.</summary>
    public double ProcessorSeconds { get; init; }

    /// <summary>Most memory resident at a time; 0 where it was not measured.</summary>
    public long PeakMemoryBytes { get; init; }

    /// <summary>Time that the system needed afterwards to bring what was written to the disk.</summary>
    public double FlushSeconds { get; init; }

    /// <summary>How much larger all files of the repository became.</summary>
    public long GrowthBytes { get; init; }

    /// <summary>How many nodes or entries the step worked on, where its cost is given for each.</summary>
    public long UnitCount { get; init; }

    /// <summary>What the program printed.</summary>
    public string Output { get; init; } = "";

    /// <summary>The same with <see cref="FlushSeconds"/> of all that was written in its folder, counted now.</summary>
    public Measurement Flushed(string folder) =>
        this with { FlushSeconds = FlushSeconds + MeasuredProcess.Flush(folder) };
}
