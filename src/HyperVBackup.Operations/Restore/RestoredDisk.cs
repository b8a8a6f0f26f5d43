using HyperVBackup.Format;
using HyperVBackup.Repository.Packs;

namespace HyperVBackup.Operations.Restore;

/// <summary>A disk image that was written, durable and under its name.</summary>
/// <param name="Read">What was read for it.</param>
public sealed record RestoredDisk(
    string Disk, string Path, long VirtualSizeBytes, long BytesWritten, DiskRoot Root, RecordsRead Read);
