namespace HyperVBackup.Benchmarks.Scenarios.Tools;

/// <summary>A program that goes through the steps of the series, or what stands in for one.</summary>
internal interface IBackupTool
{
    /// <summary>The head of its column.</summary>
    string Name { get; }

    /// <summary>Makes an empty repository in a folder that is empty.</summary>
    void Create(string folder);

    /// <returns>What the step cost; null where the tool has no such step.</returns>
    /// <exception cref="InvalidOperationException">The step failed.</exception>
    Measurement? Run(Step step);

    /// <summary>The lengths of all files of the repository, added up.</summary>
    long StoredBytes { get; }
}
