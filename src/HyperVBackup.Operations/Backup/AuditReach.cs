namespace HyperVBackup.Operations.Backup;

/// <summary>How far one run looks for allocated chunks, at least one step.</summary>
/// <param name="ChunkCountMax">Chunks of the disk to look through.</param>
/// <param name="MetadataBytesMax">Image metadata to have read for it.</param>
/// <param name="StepChunkCount">Chunks asked about at once, between two looks at what was read.</param>
internal readonly record struct AuditReach(long ChunkCountMax, long MetadataBytesMax, long StepChunkCount);
