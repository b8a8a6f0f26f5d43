namespace HyperVBackup.Operations.Restore;

/// <summary>A configuration file that was written, durable and under its name.</summary>
public sealed record RestoredFile(string Name, string Path, long LengthBytes);
