namespace HyperVBackup.HyperV.Native;

/// <summary>What an open disk can be asked for: the versions of GET_VIRTUAL_DISK_INFO.</summary>
internal enum DiskQuestion
{
    Size = 1,
    ImageId = 2,
    ParentLocation = 3,
    StorageType = 6,
    Subtype = 7,
    PhysicalSectorSize = 10,
    DiskId = 14,
    ChangeTracking = 15,
}
