namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>One step of a machine's backup.</summary>
/// <param name="Stage">What is noted before it begins.</param>
/// <param name="After">The stages it may follow.</param>
/// <param name="Durable">What is there, whatever happens, from its beginning on.</param>
/// <param name="Undo">What has to be looked for and taken away if the backup ends in it.</param>
internal sealed record CycleStep(CycleStage Stage, IReadOnlyList<CycleStage> After, string Durable, Remains Undo);
