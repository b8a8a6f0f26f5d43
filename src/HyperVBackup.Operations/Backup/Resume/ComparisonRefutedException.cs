namespace HyperVBackup.Operations.Backup.Resume;

/// <summary>What an interrupted backup noted is not what the disk holds: nothing of it is believed any more.</summary>
internal sealed class ComparisonRefutedException(string message) : Exception(message);
