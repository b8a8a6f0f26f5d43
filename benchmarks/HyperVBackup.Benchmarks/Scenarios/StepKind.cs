namespace HyperVBackup.Benchmarks.Scenarios;

/// <summary>What a step asks a tool to do.</summary>
internal enum StepKind
{
    Backup,
    Restore,
    Verify,
    Synthesize,
    RebuildIndex,
    Start,
}
