namespace HyperVBackup.Benchmarks.Scenarios;

/// <summary>One step of the series that every tool goes through.</summary>
/// <param name="Disk">The disk to back up, or to restore as it was backed up.</param>
/// <param name="IsTracked">The ranges that changed are known; only some tools can use that.</param>
internal sealed record Step(StepKind Kind, string Title, string Vm, string Disk, bool IsTracked = false)
{
    public static Step Full { get; } = new(StepKind.Backup, "first full", "a", "a0", IsTracked: true);

    public static Step Again { get; } = new(StepKind.Backup, "again, no tracking", "a", "a0");

    public static Step QuietDay { get; } = new(StepKind.Backup, "quiet day", "a", "a1", IsTracked: true);

    public static Step Packages { get; } = new(StepKind.Backup, "packages reinstalled", "a", "a2", IsTracked: true);

    public static Step Independent { get; } =
        new(StepKind.Backup, "independent install", "b", "b0", IsTracked: true);

    public static Step Recovery { get; } = new(StepKind.Backup, "quiet day, tracking lost", "b", "b1");

    public static Step Restore { get; } = new(StepKind.Restore, "restore", "a", "a2");

    public static Step Verify { get; } = new(StepKind.Verify, "read and verify everything", "", "");

    public static Step Synthesize { get; } = new(StepKind.Synthesize, "synthesize", "a", "a2");

    public static Step RebuildIndex { get; } = new(StepKind.RebuildIndex, "rebuild-index", "", "");

    public static Step Start { get; } = new(StepKind.Start, "start of the program alone", "", "");

    /// <summary>All steps in their order.</summary>
    public static IReadOnlyList<Step> All { get; } =
    [
        Start, Full, Again, QuietDay, Packages, Independent, Recovery, Restore, Verify, Synthesize, RebuildIndex,
    ];

    public static IEnumerable<Step> Backups => All.Where(step => step.Kind == StepKind.Backup);

    /// <summary>The steps that move chunk data, and so have a roofline.</summary>
    public static IEnumerable<Step> DataSteps =>
        All.Where(step => step.Kind is StepKind.Backup or StepKind.Restore or StepKind.Verify);
}
