namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>
/// The steps of a machine's backup. Each is noted before it begins, so that whoever reads the notes later knows what to
/// look for, also after a kill or a power loss. Reference points that are held go by another rule at any stage: those
/// that no restore point records are destroyed, of the others all but the newest.
/// </summary>
internal static class BackupCycle
{
    public static IReadOnlyList<CycleStep> Steps { get; } =
    [
        new(CycleStage.Idle, Enum.GetValues<CycleStage>(),
            "nothing of ours but the reference points that are held", Remains.None),
        new(CycleStage.Creating, [CycleStage.Idle, CycleStage.Creating],
            "perhaps a checkpoint that is not marked as ours", Remains.Checkpoint),
        new(CycleStage.Marking, [CycleStage.Creating],
            "a checkpoint that the notes name, perhaps marked as ours", Remains.Checkpoint),
        new(CycleStage.Reading, [CycleStage.Marking],
            "a checkpoint that the notes name", Remains.Checkpoint),
        new(CycleStage.Converting, [.. Enum.GetValues<CycleStage>()],
            "the checkpoint, or the reference point made of it", Remains.Checkpoint | Remains.ReferencePoint),
        new(CycleStage.Sealed, [CycleStage.Converting, CycleStage.Reading],
            "a reference point, or a checkpoint to keep, beside the one held before, and perhaps the restore point",
            Remains.None),
        new(CycleStage.Removing, Enum.GetValues<CycleStage>(),
            "a checkpoint that the notes name, or nothing", Remains.Checkpoint),
    ];

    public static CycleStep StepOf(CycleStage stage) => Steps[(int)stage];
}
