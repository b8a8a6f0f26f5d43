using HyperVBackup.Disks.Changes;

namespace HyperVBackup.Operations.Backup;

/// <summary>A run of chunks to read, and whether the change source called it unchanged.</summary>
/// <param name="IsGap">The image is known to hold nothing of it: it is only held against the parent's map.</param>
internal readonly record struct ScanRun(ChunkRun Chunks, bool IsAudit, bool IsGap = false);
