namespace HyperVBackup.Operations.Backup;

/// <summary>How far one disk is.</summary>
/// <param name="Disk">The disk's name.</param>
/// <param name="DoneBytes">Bytes of the work done.</param>
/// <param name="TotalBytes">Bytes of the work in all.</param>
/// <param name="ReadBytes">Bytes read from the disk.</param>
public readonly record struct BackupProgress(string Disk, long DoneBytes, long TotalBytes, long ReadBytes);
