using HyperVBackup.Disks.Changes;

namespace HyperVBackup.Operations.Backup;

/// <summary>A run of chunks to read, and whether the change source called it unchanged.</summary>
internal readonly record struct ScanRun(ChunkRun Chunks, bool IsAudit);
