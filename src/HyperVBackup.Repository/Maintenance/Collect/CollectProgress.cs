namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>How far a step of collecting is.</summary>
/// <param name="Stage">In words: <c>read packs</c>, <c>mark nodes</c>, <c>repack</c>, <c>wait for sessions</c>,
/// <c>delete</c>.</param>
/// <param name="Bytes">Done so far, where the step counts bytes; else 0.</param>
public readonly record struct CollectProgress(string Stage, long DoneCount, long TotalCount, long Bytes);
