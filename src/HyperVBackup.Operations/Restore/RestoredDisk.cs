using HyperVBackup.Format;

namespace HyperVBackup.Operations.Restore;

/// <summary>A disk image that was written, durable and under its name.</summary>
public sealed record RestoredDisk(string Disk, string Path, long VirtualSizeBytes, long BytesWritten, DiskRoot Root);
