namespace HyperVBackup.Repository.Maintenance;

/// <summary>What is to blame for a chunk that is lost.</summary>
internal sealed record Fault(string File, long OffsetBytes, string What);
