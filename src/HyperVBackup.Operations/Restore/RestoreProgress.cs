namespace HyperVBackup.Operations.Restore;

/// <summary>How far the restore of one disk is: a place on the virtual disk, its size, and bytes written so far.
/// </summary>
public readonly record struct RestoreProgress(string Disk, long DoneBytes, long TotalBytes, long WrittenBytes);
