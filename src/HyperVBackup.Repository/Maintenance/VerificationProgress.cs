namespace HyperVBackup.Repository.Maintenance;

/// <summary>How far a verification is: what it is at, how many of that are done and there (of "data" bytes, else
/// things), and bytes read so far.</summary>
public readonly record struct VerificationProgress(string Stage, long DoneCount, long TotalCount, long ReadBytes);
